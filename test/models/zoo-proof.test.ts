import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { AttentionSite, SiteTensor } from '../../extension/protocol/model.ts';
import { contract } from './labelled-product.ts';
import { runAndRead, type Read } from './zoo-run.ts';

vi.setConfig({ testTimeout: 60_000 });

/** RMS error over RMS of the model's own tensor; WASM measures up to 3e-7. */
const TOLERANCE = 3e-6;

const folder = new URL('./zoo/', import.meta.url);
const load = async (name: string) => indexModel(bytesSource(readFileSync(new URL(name, folder))));

/** Notes that say in words why the plain equation does not hold. */
const excused =
	/joined to those|sink|pass(es)? through|mixed|quantised|runs over queries|function or subgraph|not normalised|rounded/;

/** Operators of training and of other backends. */
const notInThisRuntime = new Set(['trained-forth-and-back.onnx', 'optimised-products.onnx']);

const provable = ({ form, operator, kind, tensors, notes }: AttentionSite) =>
	(form === 'softmax' || operator === 'softmax') &&
	kind === 'decomposed' &&
	!notes.some((note) => excused.test(note)) &&
	['q', 'k', 'v', 'scores', 'weights', 'output'].every((role) => tensors[role]?.axes);

const cases = (
	await Promise.all(
		readdirSync(folder)
			.filter((name) => name.endsWith('.onnx') && !notInThisRuntime.has(name))
			.map(async (name) => ({ name, sites: findSites(await load(name)).filter(provable) })),
	)
).filter(({ sites }) => sites.length > 0);

describe('the roles of a site', () => {
	it('are complete in at least 100 graphs of the zoo', () => {
		expect(cases.length).toBeGreaterThanOrEqual(100);
	});

	it.each(cases)('are true in $name', async ({ name, sites }) => {
		const wanted = sites.flatMap(({ tensors }) =>
			Object.values(tensors).flatMap((t) => t?.name ?? []),
		);
		const read = await runAndRead(new URL(name, folder), await load(name), wanted);
		for (const site of sites) {
			const of = (role: string) => tensor(site.tensors[role] ?? null, read);
			const [q, k, v, scores, weights, output] = ['q', 'k', 'v', 'scores', 'weights', 'output'].map(
				of,
			);
			const letters = (role: string) => site.tensors[role]!.axes;
			// softmax over keys, then the values
			const normalised = softmax(scores!, letters('scores').indexOf('S'));
			expect(residual(normalised, weights!)).toBeLessThan(TOLERANCE);
			const mixed = contract(
				...likeOutput(weights!, letters('weights'), letters('output')),
				v!,
				letters('v'),
				letters('output'),
			);
			expect(residual(mixed, output!)).toBeLessThan(TOLERANCE);
			// the scores themselves, where nothing but a number stands between
			if (site.scale === null || site.softCap !== null || site.tensors['mask']) continue;
			const product = contract(q!, letters('q'), k!, letters('k'), letters('scores'));
			const scaled = softmax(
				{ ...product, data: product.data.map((x) => x * site.scale!) },
				letters('scores').indexOf('S'),
			);
			expect(residual(scaled, weights!)).toBeLessThan(TOLERANCE);
		}
	});
});

/** Weights with batch and heads apart, where the values have them in one axis. */
function likeOutput(weights: Read, letters: string, output: string): [Read, string] {
	if (!letters.startsWith('BH') || output.includes('B')) return [weights, letters];
	const [batch, heads, ...rest] = weights.dims as [number, number, ...number[]];
	return [{ dims: [batch * heads, ...rest], data: weights.data }, letters.slice(1)];
}

function tensor(role: SiteTensor | null, read: ReadonlyMap<string, Read>): Read {
	const found = read.get(role?.name ?? '');
	if (!found) throw new Error(`${role?.name ?? 'a role'} was not handed out`);
	return found;
}

function softmax({ dims, data }: Read, axis: number): Read {
	const size = dims[axis]!;
	const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
	const result = new Float64Array(data.length);
	for (let start = 0; start < data.length; start += size * inner) {
		for (let i = 0; i < inner; i++) {
			const at = Array.from({ length: size }, (_, s) => start + s * inner + i);
			const top = Math.max(...at.map((j) => data[j]!));
			const total = at.reduce((sum, j) => sum + Math.exp(data[j]! - top), 0);
			for (const j of at) result[j] = Math.exp(data[j]! - top) / total;
		}
	}
	return { dims, data: result };
}

function residual(ours: Read, theirs: Read): number {
	expect(ours.data.length).toBe(theirs.data.length);
	let error = 0;
	let norm = 0;
	theirs.data.forEach((x, i) => {
		error += (x - ours.data[i]!) ** 2;
		norm += x * x;
	});
	// values that are all nought are mixed to nought
	return norm === 0 ? Math.sqrt(error) : Math.sqrt(error / norm);
}
