import type { AttentionSite } from '../../../extension/protocol/model.ts';
import { indexOf, type Strided } from '../../../kernels/common/tensors.ts';
import type { ReadsTensors } from '../../view-api/named-tensor.ts';
import { siteTensor, sizeOf, SiteTensorError, strided } from '../../view-api/site-tensors.ts';
import { mixesBySoftmax } from './stream.ts';

/** How a site's queries spread over the tokens, means over heads and queries. */
export interface Mixing {
	/** Nats. */
	readonly entropy: number;
	/** Share of a row on the query's own token. */
	readonly self: number;
	/**
	 * Energy of a token under the site's scores: minus the logarithm of the mean of exp(score) over the tokens it sees; of
	 * an unnormalised kernel minus half its mass.
	 */
	readonly potential: number;
	/** ‖M·V − O‖ / ‖O‖ over the rows that were computed. */
	readonly residual: number;
	/** Queries that were computed, of how many. */
	readonly rows: number;
	readonly of: number;
}

/** Long sequences are told by this many queries, evenly spread. */
const MOST_ROWS = 128;

/** @throws SiteTensorError with the reason where the site cannot be computed */
export async function readMixing(reads: ReadsTensors, site: AttentionSite): Promise<Mixing> {
	const softmax = mixesBySoftmax(site);
	if (softmax && site.mask !== 'causal' && site.mask !== 'none') {
		throw new SiteTensorError('Its mask is a tensor; the attention view reads such sites.');
	}
	const rows = softmax ? await softmaxRows(reads, site) : await kernelRows(reads, site);
	const v = await siteTensor(reads, site, 'v');
	const output = await siteTensor(reads, site, 'output');
	const values = await strided(v, { head: 'HG', token: 'ST', channel: 'V' }, rows.valueHeads, undefined); // prettier-ignore
	const given = await strided(output, { head: 'HG', token: 'T', channel: 'V' }, rows.H, undefined);
	const width = v.axes.includes('D') ? sizeOf(v, 'D') / rows.valueHeads : sizeOf(v, 'V');
	return measure(rows, values, given, width);
}

interface Row {
	readonly weights: Float64Array;
	readonly potential: number;
	/** Index of the query's own token. */
	readonly self: number;
}

interface Rows {
	readonly H: number;
	readonly T: number;
	readonly valueHeads: number;
	readonly row: (head: number, t: number) => Row;
}

async function softmaxRows(reads: ReadsTensors, site: AttentionSite): Promise<Rows> {
	const [q, k] = [await siteTensor(reads, site, 'q'), await siteTensor(reads, site, 'k')];
	const H = q.axes.includes('D') ? (site.heads ?? 1) : sizeOf(q, 'HG');
	const valueHeads = k.axes.includes('D') ? (site.kvHeads ?? H) : sizeOf(k, 'HG');
	const queries = await strided(q, { head: 'HG', token: 'T', channel: 'K' }, H, undefined);
	const keys = await strided(k, { head: 'HG', token: 'ST', channel: 'K' }, valueHeads, undefined);
	const [T, S] = [sizeOf(q, 'T'), sizeOf(k, 'S') * sizeOf(k, 'T')];
	const K = q.axes.includes('D') ? sizeOf(q, 'D') / H : sizeOf(q, 'K');
	const scale = site.scale ?? 1 / Math.sqrt(K);
	const [from, to] = [dataOf(queries), dataOf(keys)];
	return {
		...{ H, T, valueHeads },
		row(head, t) {
			const self = t + S - T;
			const last = site.mask === 'causal' ? self : S - 1;
			const first = site.window === null ? 0 : Math.max(0, self - site.window + 1);
			const group = Math.floor((head * valueHeads) / H);
			const scores = Float64Array.from({ length: last + 1 - first }, (_, at) => {
				let score = 0;
				for (let d = 0; d < K; d++) {
					score += from[indexOf(queries, 0, head, t, d)]! * to[indexOf(keys, 0, group, first + at, d)]!; // prettier-ignore
				}
				const { softCap } = site;
				return softCap === null ? score * scale : softCap * Math.tanh((score * scale) / softCap);
			});
			const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
			const mass = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
			const weights = new Float64Array(S);
			scores.forEach((score, at) => (weights[first + at] = Math.exp(score - top) / mass));
			return { weights, self, potential: -(top + Math.log(mass) - Math.log(scores.length)) };
		},
	};
}

/** A kernel whose rows are no shares: the graph's own weights. */
async function kernelRows(reads: ReadsTensors, site: AttentionSite): Promise<Rows> {
	const found = await siteTensor(reads, site, 'weights');
	const weights = await strided(found, { head: 'H', token: 'T', channel: 'S' }, 1, undefined);
	const [H, T, S] = [sizeOf(found, 'H'), sizeOf(found, 'T'), sizeOf(found, 'S')];
	const data = dataOf(weights);
	return {
		...{ H, T, valueHeads: H },
		row(head, t) {
			const row = Float64Array.from(
				{ length: S },
				(_, j) => data[indexOf(weights, 0, head, t, j)]!,
			);
			const mass = row.reduce((sum, weight) => sum + weight, 0);
			return { weights: row, self: t + S - T, potential: -mass / 2 };
		},
	};
}

function dataOf({ data }: Strided): Float32Array | Float64Array {
	if (data instanceof Float32Array || data instanceof Float64Array) return data;
	throw new SiteTensorError('The tensors of the site were not read back.');
}

function measure({ H, T, valueHeads, row }: Rows, v: Strided, o: Strided, V: number): Mixing {
	const step = Math.max(1, Math.ceil(T / MOST_ROWS));
	const [values, given] = [dataOf(v), dataOf(o)];
	let [entropy, own, potential, apart, size, rows] = [0, 0, 0, 0, 0, 0];
	for (let h = 0; h < H; h++) {
		for (let t = step - 1; t < T; t += step) {
			const { weights, self, potential: energy } = row(h, t);
			const mass = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
			weights.forEach((weight) => {
				const share = Math.abs(weight) / mass;
				if (share > 0) entropy -= share * Math.log(share);
			});
			own += Math.abs(weights[self] ?? 0) / mass;
			potential += energy;
			rows++;
			const group = Math.floor((h * valueHeads) / H);
			for (let d = 0; d < V; d++) {
				let mixed = 0;
				weights.forEach((weight, j) => {
					if (weight !== 0) mixed += weight * values[indexOf(v, 0, group, j, d)]!;
				});
				const expected = given[indexOf(o, 0, h, t, d)]!;
				apart += (mixed - expected) ** 2;
				size += expected ** 2;
			}
		}
	}
	return {
		entropy: entropy / rows,
		self: own / rows,
		potential: potential / rows,
		residual: Math.sqrt(apart / size),
		rows: rows / H,
		of: T,
	};
}
