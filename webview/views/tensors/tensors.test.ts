import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { contextOfSample } from '../../../test/models/sample-context.ts';
import { readNpz } from '../../../test/models/npz.ts';
import { modelWith, site } from '../../../test/views/hand-made-run.ts';
import type { Size } from '../../view-api/scene.ts';
import type { OpenView, ViewContext } from '../../view-api/view.ts';
import { edited, EditError, type Edit } from './edit.ts';
import { effectOf, effectOn, type Effect } from './effect.ts';
import { distanceOf, histogramOf, numbersOf } from './numbers.ts';
import { otherInput } from './other-input.ts';
import { runEdited } from './run-edits.ts';
import { heldPlaces, pooledSlice, sliceAt } from './slice.ts';
import { tensors } from './tensors.ts';

const folder = join(import.meta.dirname, '../../../samples/mqar-softmax');
const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const edit = (parts: Partial<Edit>): Edit => ({
	tensor: 't',
	what: 'zero',
	axis: -1,
	parts: 0,
	first: 0,
	last: 0,
	factor: 1,
	source: { kind: 'shuffled', seed: 1 },
	...parts,
});

describe('numbers of a tensor', () => {
	const values = Float32Array.of(-2, 0, 1, 3, NaN, Infinity, 1e5, 3e4, 1e-6);
	const numbers = numbersOf(values);

	it('count what is no number and what float16 could not hold', () => {
		expect(numbers).toMatchObject({ count: 9, min: -2, max: 1e5, nan: 1, infinite: 1, zero: 1 });
		expect(numbers).toMatchObject({ overHalf: 1, nearHalf: 1, underHalf: 1 });
		expect(numbers.mean).toBeCloseTo((-2 + 1 + 3 + 1e5 + 3e4 + 1e-6) / 7, 6);
	});

	it('have a histogram of every finite value', () => {
		const { counts } = histogramOf(values, numbers, 10);
		expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7);
		expect(histogramOf(Float32Array.of(2, 2), numbersOf(Float32Array.of(2, 2)), 9).counts).toEqual([2]); // prettier-ignore
	});

	it('lie apart by the norm of the difference, and not at all from themselves', () => {
		expect(distanceOf(Float32Array.of(3, 4), Float32Array.of(0, 4))).toEqual({ relative: 3 / 4, largest: 3 }); // prettier-ignore
		expect(distanceOf(values, values)).toEqual({ relative: 0, largest: 0 });
		expect(distanceOf(Float32Array.of(NaN), Float32Array.of(1)).relative).toBeNaN();
	});
});

describe('a slice', () => {
	const values = Float32Array.from({ length: 2 * 3 * 4 * 5 }, (_, at) => at);

	it('holds the axes in front', () => {
		expect(heldPlaces([2, 3, 4, 5], 4)).toEqual([1, 1]);
		const slice = sliceAt([2, 3, 4, 5], 4);
		expect(pooledSlice(values, slice, 99).values[0]).toBe(4 * 20);
	});

	it('keeps the largest magnitude of a cell, and that there is a NaN', () => {
		const pooled = pooledSlice(Float32Array.of(1, -9, 2, NaN), sliceAt([1, 4], 0), 2);
		expect(Array.from(pooled.values)).toEqual([-9, NaN]);
	});
});

describe('an edit', () => {
	const values = Float32Array.from({ length: 12 }, (_, at) => at + 1);

	it('touches the places of an axis and no others', () => {
		const zeroed = edited(values, [2, 3, 2], edit({ axis: 1, first: 1, last: 1 }));
		expect(Array.from(zeroed)).toEqual([1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12]);
	});

	it('touches a head packed beside others', () => {
		const scaled = edited(values, [2, 6], edit({ what: 'scale', factor: 10, axis: 1, parts: 3, first: 2, last: 2 })); // prettier-ignore
		expect(Array.from(scaled)).toEqual([1, 2, 3, 4, 50, 60, 7, 8, 9, 10, 110, 120]);
	});

	it('says what does not fit', () => {
		const wrong = () => edited(values, [2, 6], edit({ axis: 1, first: 5, last: 6 }));
		expect(wrong).toThrow(EditError);
		expect(wrong).toThrow('Axis 1 of t has 6 places in 6 parts; 5 to 6 are not among them.');
	});
});

it('counts predictions that are another', () => {
	const own = Float32Array.of(1, 0, 0, 1);
	const effect = effectOf({ name: 'o', shape: [1, 2, 2] }, own, Float32Array.of(0, 3, 0, 1));
	expect(effect).toMatchObject({ largest: 3, at: [0, 0, 1], changedCount: 1 });
	expect(effect.changed[0]).toMatchObject({ row: 0, before: 0, after: 1 });
	expect(effect.changed[0]!.certain[0]).toBeCloseTo(Math.E / (1 + Math.E), 6);
});

describe('a run of the sample', () => {
	let context: ViewContext;
	let view: OpenView;
	const last = '/layers.1/Add_1_output_0';

	beforeAll(async () => {
		context = await contextOfSample(folder);
		view = (await runSample(folder, tensors))!;
	});

	it('reads a tensor as PyTorch computed it', async () => {
		view.set('tensor', 'logits');
		await settledScene(view, size);
		const { numbers } = view.export().json as { numbers: { min: number; max: number } };
		const { data } = readNpz(readFileSync(join(folder, 'reference.npz'))).get('logits')!;
		expect(numbers.min).toBeCloseTo(Math.min(...Array.from(data, Number)), 4);
		expect(numbers.max).toBeCloseTo(Math.max(...Array.from(data, Number)), 4);
	});

	it('is the run of other ids where all of its last layer comes from there', async () => {
		const source = { kind: 'shuffled', seed: 7 } as const;
		const patched = await runEdited(context, [edit({ tensor: last, what: 'patch', source })], []);
		const other = await context.again({ taps: [], input: otherInput(context.input, source) });
		const [a, b] = [await patched.tensor('logits'), await other.tensor('logits')];
		expect(distanceOf(await a.read(), await b.read()).relative).toBeLessThan(1e-6);
		const [effect] = await effectOn(context, ['logits'], patched);
		expect(effect!.relative).toBeGreaterThan(0.1);
		patched.release();
		other.release();
	});

	it('does not change where a tensor is scaled by one, and changes back where it is scaled by two and a half', async () => {
		const scale = (factor: number) => edit({ tensor: last, what: 'scale', factor });
		const run = await runEdited(context, [scale(2), scale(0.5)], []);
		const [effect] = await effectOn(context, ['logits'], run);
		expect(effect).toMatchObject({ largest: 0, changedCount: 0 });
		run.release();
	});

	it('shows what zeroing one head does, and undoes it', async () => {
		view.set('tensor', '/layers.1/mixer/MatMul_1_output_0');
		view.set('change', 'zero');
		view.set('part', '1');
		view.set('apply', 1);
		const changed = await settledScene(view, size);
		expect(changed.description).toMatch(/^With zero places 0 of axis 1 of .*: logits changes by/);
		const { effects } = view.export().json as { effects: Effect[] };
		expect(effects[0]!.largest).toBeGreaterThan(0.01);
		view.set('undo', 1);
		expect((await settledScene(view, size)).description).not.toContain('With zero');
	});

	it('reads every tensor and finds none that is not finite', async () => {
		view.set('look', 'all');
		const { description } = await settledScene(view, size);
		expect(description).toMatch(/^All \d+ float tensors read, all finite/);
		const { tensors: found } = view.export().json as { tensors: { problem: string }[] };
		expect(found.every(({ problem }) => problem === '')).toBe(true);
		expect(found.length).toBeGreaterThan(60);
	});

	it('says why there are no two backends to compare, and that all nodes are on the CPU', async () => {
		view.set('look', 'backends');
		expect((await settledScene(view, size)).description).toContain('WASM was asked for');
		view.set('look', 'placement');
		expect((await settledScene(view, size)).description).toMatch(/nodes: \d+ on CPU. No activation is float16/); // prettier-ignore
	});
});

it('fits every model with a node, and restores nothing out of rubbish', () => {
	expect(tensors.fit(modelWith(site)).fits).toBe(true);
	expect(tensors.fit({ ...modelWith(), nodes: 0 })).toMatchObject({ fits: false });
	const open = tensors.open(
		{ tensors: [], total: 0, outputs: [], roles: {}, first: '', tokens: [], hasIds: false, backend: { backend: 'wasm', reason: '', adapter: '' }, hasGpu: false }, // prettier-ignore
		{ edits: [{ tensor: 3 }, null], look: 'nowhere', slice: 'x', factor: {} },
		() => Promise.resolve(null),
		() => undefined,
	);
	expect(open.save()).toMatchObject({ edits: [], look: 'one', slice: 0, factor: 2 });
});
