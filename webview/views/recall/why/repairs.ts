import type { AttentionSite } from '../../../../extension/protocol/model.ts';
import { indexOf, type Strided } from '../../../../kernels/common/tensors.ts';
import { siteTensor, SiteTensorError, strided } from '../../../view-api/site-tensors.ts';
import type { OtherRun, Override } from '../../../view-api/view.ts';
import type { HeadEvidence } from './evidence.ts';

/** What a site's output at the query is replaced by. */
export const REPAIRS = [
	'decay',
	'erase',
	'eraser',
	'kept',
	'five',
	'pairs',
	'alone',
	'right',
	'twice',
	'four times',
	'silent',
] as const;
export type RepairKind = (typeof REPAIRS)[number];

/** What each repair stands for, in words that follow "with". */
export const repairWords: Readonly<Record<RepairKind, string>> = {
	decay: 'what decay took given back',
	erase: 'what later writes erased given back',
	eraser: 'what the one strongest eraser took given back',
	kept: 'all that decay and later writes took given back',
	five: 'the five strongest other pairs taken out',
	pairs: 'all other pairs taken out',
	alone: 'everything but the pair taken out',
	right: 'the right read in its place',
	twice: 'the right read twice as strong in its place',
	'four times': 'the right read four times as strong in its place',
	silent: 'its output at the query silenced',
};

/** Pairs that are told by name. */
export const STRONGEST = 5;

/** A site's values and output on the CPU, to compute other outputs from. */
export interface SiteValues {
	readonly site: AttentionSite;
	/** `[B, H, T, V]` by strides. */
	readonly v: Strided<Float32Array<ArrayBuffer>>;
	readonly output: Strided<Float32Array<ArrayBuffer>>;
	readonly shape: readonly number[];
	readonly dtype: string;
	readonly H: number;
	readonly valueHeads: number;
	readonly V: number;
	/** Rows of M sum to 1: what is taken out of a row leaves its share to the rest. */
	readonly normalised: boolean;
}

/** @throws SiteTensorError where values or output cannot be read */
export async function siteValues(
	run: OtherRun,
	site: AttentionSite,
	{ H, V }: { readonly H: number; readonly V: number },
): Promise<SiteValues> {
	const output = await siteTensor(run, site, 'output');
	const v = await siteTensor(run, site, 'v');
	const valueHeads = site.kvHeads ?? site.heads ?? H;
	const read = async (given: typeof v, heads: number) => {
		const found = await strided(given, { head: 'HG', token: 'ST', channel: 'V' }, heads, undefined);
		if (!(found.data instanceof Float32Array)) {
			throw new SiteTensorError(`${given.role} (${given.tensor.name}) could not be read back.`);
		}
		return { ...found, data: found.data };
	};
	return {
		site,
		v: await read(v, valueHeads),
		output: await read(output, H),
		shape: output.tensor.shape,
		dtype: output.tensor.dtype,
		...{ H, V, valueHeads },
		normalised: site.form === 'softmax' || Boolean(site.tensors['normaliser']),
	};
}

/** Whether a repair means anything for a site: only memories fade or are written over. */
export function repairsOf(heads: readonly HeadEvidence[]): RepairKind[] {
	const memory = heads.some(({ ledger }) => ledger && (ledger.faded !== 0 || ledger.erased !== 0));
	const matching = heads.some(({ role }) => role === 'match');
	if (!matching) return ['silent'];
	return REPAIRS.filter((kind) => memory || !['decay', 'erase', 'eraser', 'kept'].includes(kind));
}

/**
 * The site's output with the query's row repaired in each head that matches, once for each of `kinds`, one after the other
 * along the batch.
 */
export function repairedOutput(
	values: SiteValues,
	heads: readonly HeadEvidence[],
	kinds: readonly RepairKind[],
	queryAt: number,
): Override {
	const { output, shape, dtype, V, site } = values;
	const size = output.data.length;
	const all = new Float32Array(size * kinds.length);
	kinds.forEach((kind, at) => {
		all.set(output.data, at * size);
		for (const evidence of heads) {
			if (kind !== 'silent' && evidence.role !== 'match') continue;
			const row = Array.from(
				{ length: V },
				(_, d) => output.data[indexOf(output, 0, evidence.head, queryAt, d)]!,
			);
			repairedRow(values, evidence, kind, row).forEach((value, d) => {
				all[at * size + indexOf(output, 0, evidence.head, queryAt, d)] = value;
			});
		}
	});
	const [batch = 1, ...rest] = shape;
	return {
		tensor: site.tensors['output']!.name,
		dtype,
		shape: [batch * kinds.length, ...rest],
		values: all,
	};
}

function repairedRow(
	values: SiteValues,
	{ head, carrier, weight, typical, ledger, others }: HeadEvidence,
	kind: RepairKind,
	row: readonly number[],
): number[] {
	const { v, H, valueHeads, V, normalised } = values;
	const group = Math.floor((head * valueHeads) / H);
	const value = (at: number) =>
		Array.from({ length: V }, (_, d) => v.data[indexOf(v, 0, group, at, d)]!);
	const own = value(carrier);
	const plus = (amount: number) => row.map((each, d) => each + amount * own[d]!);
	const without = (taken: readonly { readonly at: number; readonly weight: number }[]) => {
		const left = [...row];
		let mass = 1;
		for (const { at, weight: part } of taken) {
			value(at).forEach((each, d) => (left[d]! -= part * each));
			mass -= part;
		}
		return normalised && mass > 1e-3 ? left.map((each) => each / mass) : left;
	};
	const scaled = (factor: number) => own.map((each) => factor * each);
	const full = normalised ? 1 : typical;
	const given = ledger ?? { faded: 0, erased: 0, erasers: [] };
	switch (kind) {
		case 'decay':
			return plus(given.faded);
		case 'erase':
			return plus(given.erased);
		case 'eraser':
			return plus(given.erasers[0]?.amount ?? 0);
		case 'kept':
			return plus(given.faded + given.erased);
		case 'five':
			return without(others.slice(0, STRONGEST));
		case 'pairs':
			return without(others);
		case 'alone':
			return scaled(normalised ? 1 : weight);
		case 'right':
			return scaled(full);
		case 'twice':
			return scaled(2 * full);
		case 'four times':
			return scaled(4 * full);
		case 'silent':
			return row.map(() => 0);
	}
}
