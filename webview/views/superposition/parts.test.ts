import { describe, expect, it } from 'vitest';
import { seeded } from '../../../kernels/common/seeded.ts';
import { contextOf, modelWith, tensorOf } from '../../../test/views/hand-made-run.ts';
import type { Size } from '../../view-api/scene.ts';
import type { OpenView, ViewContext } from '../../view-api/view.ts';
import { standardError } from './phase/trials.ts';
import { superposition } from './superposition.ts';

const size: Size = { width: 800, height: 600, characterWidth: 6.6, lineHeight: 16 };
const [WIDTH, FEATURES, ROWS] = [16, 24, 800];

const random = seeded(3);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const drawn = (count: number) => Float32Array.from({ length: count * WIDTH }, normal);

/** Rows that are sums of two features each, with a little noise. */
function planted(features: Float32Array): Float32Array {
	const rows = new Float32Array(ROWS * WIDTH);
	for (let t = 0; t < ROWS; t++) {
		for (const f of [Math.floor(random() * FEATURES), Math.floor(random() * FEATURES)]) {
			const weight = random() < 0.5 ? 1 : -1;
			for (let i = 0; i < WIDTH; i++) rows[t * WIDTH + i]! += weight * features[f * WIDTH + i]!;
		}
		for (let i = 0; i < WIDTH; i++) rows[t * WIDTH + i]! += 0.02 * normal();
	}
	return rows;
}

const truth = drawn(FEATURES);
const arrays: Readonly<Record<string, Float32Array>> = { truth, other: drawn(FEATURES) };

/** A model whose only layer reads `rows`, with two dictionaries beside it. */
function context(rows: Float32Array): ViewContext {
	const linear = { name: 'l', path: '/l', input: 'x', weight: 'w', output: 'y', inputs: WIDTH, outputs: 4, transposed: false }; // prettier-ignore
	const model = { ...modelWith(), linears: [linear] };
	const x = tensorOf('x', [1, ROWS, WIDTH], rows);
	const base = contextOf(model, []);
	return {
		...base,
		again: () =>
			Promise.resolve({
				tensor: () => Promise.resolve(x),
				attention: (site) => base.attention(site),
				release: () => undefined,
			}),
		files: {
			list: () => Promise.resolve([{ path: 'd.safetensors', bytes: 1, beside: true }]),
			describe: () =>
				Promise.resolve({
					metadata: {},
					arrays: Object.keys(arrays).map((name) => ({ name, dtype: 'F32', shape: [FEATURES, WIDTH] })), // prettier-ignore
				}),
			read: (_, name) =>
				Promise.resolve({
					shape: [FEATURES, WIDTH],
					values: new Uint8Array(arrays[name]!.slice().buffer),
				}),
			pick: () => Promise.resolve(null),
		},
	};
}

async function open(rows: Float32Array): Promise<OpenView> {
	const here = context(rows);
	const data = await superposition.compute(here);
	return superposition.open(
		data,
		undefined,
		(query) => superposition.detail(here, data, query),
		() => undefined,
	);
}

async function settled(view: OpenView): Promise<string> {
	for (;;) {
		const { scene, pending, trouble } = view.scene(size);
		if (trouble !== '') return trouble;
		if (!pending) return scene.description;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

interface Apart {
	readonly judgement: { readonly error: number; readonly control: number };
	readonly dead: number;
	readonly geometry: { readonly crosstalk: number; readonly welch: number };
}

describe('a tensor taken apart', () => {
	it('is explained by the dictionary that it was made of, and says how well', async () => {
		const view = await open(planted(truth));
		view.set('dictionary', 'file:d.safetensors#truth');
		view.set('sparsity', 2);
		expect(await settled(view)).toMatch(/^24 features explain 800 rows: /);
		const { judgement, dead, geometry } = view.export().json as Apart;
		expect(judgement.error).toBeLessThan(0.05);
		expect(judgement.control).toBeGreaterThan(0.3);
		expect(dead).toBe(0);
		expect(geometry.crosstalk).toBeGreaterThan(geometry.welch);
	});

	it('is not explained by another, which is said first', async () => {
		const view = await open(planted(truth));
		view.set('dictionary', 'file:d.safetensors#other');
		view.set('sparsity', 2);
		expect(await settled(view)).toMatch(/^Not recovered: 24 features do not explain/);
	});

	it('gives its features up to learning, and noise gives none', async () => {
		const view = await open(planted(truth));
		view.set('dictionary', 'learned');
		view.set('learned', FEATURES);
		view.set('sparsity', 2);
		expect(await settled(view)).toMatch(/^24 features explain 800 rows: /);
		const noise = await open(drawn(ROWS));
		noise.set('dictionary', 'learned');
		noise.set('learned', FEATURES);
		noise.set('sparsity', 2);
		expect(await settled(noise)).toMatch(/^Not recovered: /);
	});

	it('names a dictionary that does not fit', async () => {
		const view = await open(planted(truth));
		view.set('dictionary', 'file:d.safetensors#nothing');
		expect(await settled(view)).toContain('There is no dictionary file:d.safetensors#nothing.');
	});
});

describe('the phase diagram', () => {
	it('asks for one batch at a time, and rises from none to nearly all', async () => {
		const view = await open(drawn(ROWS));
		view.set('part', 'phase');
		view.set('outputs', 256);
		view.set('refine', false);
		expect(await settled(view)).toMatch(/^256 ANDs in \d+ neurons with 3 features on: /);
		const { cells } = view.export().json as {
			cells: { ratio: number; exact: number; noise: number; predictedNoise: number }[];
		};
		expect(cells.length).toBeGreaterThanOrEqual(14);
		expect(cells[0]!.exact).toBeLessThan(0.2);
		expect(cells.at(-1)!.exact).toBeGreaterThan(0.6);
		// a cell has 8 inputs here, all cells together more than a hundred
		const ratios = cells.map(({ noise, predictedNoise }) => noise / predictedNoise);
		const mean = ratios.reduce((sum, x) => sum + x, 0) / ratios.length;
		expect(Math.abs(mean - 1)).toBeLessThan(0.05);
	});

	it('knows the standard error of a share counted in unlike parts', () => {
		const tally = (exact: number, inputs: number) =>
			({ exact, inputs }) as Parameters<typeof standardError>[0][number];
		expect(standardError([tally(5, 10), tally(10, 20)])).toBe(0);
		expect(standardError([tally(0, 10), tally(10, 10)])).toBeCloseTo(0.5, 10);
		expect(standardError([tally(3, 10)])).toBeNaN();
	});
});

it('says which file beside the model could not be read, and goes on without it', async () => {
	const here = context(drawn(ROWS));
	const broken: ViewContext = {
		...here,
		files: {
			...here.files,
			describe: (path) => Promise.reject(new Error(`${path}: the header claims 9 bytes`)),
		},
	};
	const data = await superposition.compute(broken);
	const ask = (query: unknown) => superposition.detail(broken, data, query);
	const view = superposition.open(data, undefined, ask, () => undefined);
	view.set('part', 'phase');
	expect(view.scene(size).scene.readout).toContain(
		'could not be read: d.safetensors: the header claims 9 bytes',
	);
});

it('reads back any state, however broken', async () => {
	const view = await open(drawn(ROWS));
	for (const [field, value] of Object.entries({
		part: 7,
		outputs: -1,
		neurons: 1e9,
		layer: 'x',
		grid: null,
		tensor: {},
		sparsity: NaN,
		cell: 12,
	})) {
		view.set(field, value);
	}
	expect(view.save()).toMatchObject({ part: 'dictionary', outputs: 1024, grid: '1x1', tensor: 'x', sparsity: 3, cell: 0 }); // prettier-ignore
});
