import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { readNpz } from '../../../test/models/npz.ts';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { modelWith, site } from '../../../test/views/hand-made-run.ts';
import type { Size } from '../../view-api/scene.ts';
import type { OpenView, View, ViewContext } from '../../view-api/view.ts';
import { choiceValues } from './routes.ts';
import { routedLayers } from './sites.ts';
import { tokenRouting } from './token-routing.ts';

const folder = join(import.meta.dirname, '../../../samples/natsl');
const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };

// the sample's model runs in each of these, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 400_000 });

interface Exported {
	readonly layers: readonly {
		readonly decisions: number[][];
		readonly shown: number[][];
		readonly gates: {
			readonly surprise: number[][];
			readonly stateAfter: number[];
			readonly stateNorm: number[][];
		};
	}[];
	readonly answers: { readonly right: number; readonly given: number[] };
	readonly tries: readonly {
		readonly identities: readonly {
			readonly is: string;
			readonly apart: number;
			readonly holds: boolean;
		}[];
		readonly right: number;
		readonly firstChange: number;
		readonly logitChange: number;
		readonly changed: number[];
	}[];
}

let view: OpenView;
let context: ViewContext;
/** The view, which also hands out what it was given to run the model again. */
const watched: View = {
	...tokenRouting,
	compute: (given) => tokenRouting.compute((context = given)),
};
let chunk = 0;
const exported = () => view.export().json as Exported;

/** The model's logits `[T, vocabulary]` with routes `[layer][head][chunk]` put in its routers' place. */
async function logitsWith(routes: readonly (readonly (readonly number[])[])[]) {
	const layers = routedLayers(context.model.sites);
	const overrides = await Promise.all(
		layers.map(async ({ exact }, at) => {
			const { name, dtype, shape } = await context.tensor(exact.tensors['choice']!.name);
			const [, N = 0] = shape;
			const margin = new Float32Array();
			const own = { N, C: chunk, kept: new Uint8Array(), margin, choice: { name, dtype, shape } };
			return { tensor: name, dtype, shape, values: choiceValues(routes[at]!.flat(), own) };
		}),
	);
	const run = await context.again({ taps: [], overrides });
	const logits = (await (await run.tensor('logits')).read()).slice();
	run.release();
	return logits;
}

beforeAll(async () => {
	view = (await runSample(folder, watched))!;
	const { routing } = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as {
		routing: { chunk: number };
	};
	chunk = routing.chunk;
});

it('does not fit a model without softmax attention or a memory', () => {
	expect(tokenRouting.fit(modelWith({ ...site, form: 'convolution' }))).toMatchObject({
		fits: false,
		reason: expect.stringContaining('chooses between softmax attention and a state') as string,
	});
});

describe('the routed sample', () => {
	it('shows the decisions that PyTorch stored', async () => {
		await settledScene(view, size);
		const stored = readNpz(readFileSync(join(folder, 'reference.npz')));
		exported().layers.forEach(({ decisions }, layer) => {
			const { shape, data } = stored.get(`layers.${layer}.choice`)!;
			const [, N = 0, H = 0] = shape;
			const softmax = Array.from({ length: H }, (_, h) =>
				Array.from({ length: N }, (_unused, c) => data[(c * H + h) * 2]!),
			);
			expect(decisions).toEqual(softmax);
		});
		expect(exported().layers).toHaveLength(2);
	});

	it('is proved in both branches of both layers', () => {
		expect(view.proofs().map(({ verified }) => verified)).toEqual([true, true, true, true]);
		for (const { residual } of view.proofs()) expect(residual).toBeLessThan(1e-5);
	});

	it('says in plain words what the layer keeps', async () => {
		const { description } = await settledScene(view, size);
		expect(description).toMatch(
			/^Layer 1 keeps \d+ % of its 32 chunks exactly \(KV \d+ of 512 rows\)/,
		);
		expect(view.findings()[1]!.lens).toMatch(/^\d+ % softmax · KV \d+ of 512 rows$/);
	});

	it('flips a chunk: nothing before the next chunk changes, and what reads it does', async () => {
		// the first chunk of the last layer, which holds pairs that are asked for
		view.act({ kind: 'press', target: 'track:1', row: 0, column: 0 });
		const { description } = await settledScene(view, size);
		const tried = exported().tries.at(-1)!;
		expect(exported().layers[1]!.shown[0]![0]).toBe(1 - exported().layers[1]!.decisions[0]![0]!);
		expect(tried.firstChange).toBeGreaterThanOrEqual(chunk);
		expect(tried.logitChange).toBeGreaterThan(0);
		expect(description).toMatch(/^1 flipped: \d+ of 16 answers are right \(16 unforced\)/);
		view.act({ kind: 'press', target: 'restore', row: 0, column: 0 });
		expect(exported().layers[1]!.shown).toEqual(exported().layers[1]!.decisions);
	});

	it('answers bit for bit as unforced where its own routes are put back', async () => {
		const own = exported().layers.map(({ decisions }) => decisions);
		const given = await logitsWith(own);
		const logits = await (await context.tensor('logits')).read();
		expect(given).toEqual(logits);
	});

	it('answers on forced routes what PyTorch answers on the same', async () => {
		const stored = readNpz(readFileSync(join(folder, 'forced.npz')));
		const positions = Array.from(stored.get('positions')!.data);
		for (const name of ['softmax', 'linear', 'flipped']) {
			const { shape, data } = stored.get(`${name}.choice`)!;
			const [layers = 0, N = 0, H = 0] = shape;
			const routes = Array.from({ length: layers }, (_, l) =>
				Array.from({ length: H }, (_h, h) =>
					Array.from({ length: N }, (_n, c) => data[(l * N + c) * H + h]!),
				),
			);
			const given = await logitsWith(routes);
			const expected = stored.get(`${name}.logits`)!;
			const vocabulary = expected.shape[1]!;
			let [apart, length] = [0, 0];
			positions.forEach((position, row) => {
				for (let id = 0; id < vocabulary; id++) {
					const wanted = expected.data[row * vocabulary + id]!;
					apart += (given[position * vocabulary + id]! - wanted) ** 2;
					length += wanted ** 2;
				}
			});
			expect(Math.sqrt(apart / length), name).toBeLessThan(2e-4);
		}
	});

	it('rolls back what softmax chunks wrote, though their tokens surprised the state', () => {
		const { gates, decisions } = exported().layers[1]!;
		expect(decisions[0]!.slice(0, 2)).toEqual([1, 1]);
		const after = gates.stateAfter.indexOf(2 * chunk);
		expect(gates.stateNorm[0]![after]).toBe(0);
		expect(gates.stateNorm[0]!.at(-1)).toBeGreaterThan(0.1);
		for (const surprise of gates.surprise[0]!.slice(0, 2 * chunk)) {
			expect(surprise).toBeGreaterThan(0);
		}
	});

	it('forces all softmax and all linear, and keeps both in the history', async () => {
		for (const [force, route] of [
			['softmax', 1],
			['linear', 0],
		] as const) {
			view.set('force', force);
			const { description, figures } = await settledScene(view, size);
			expect(new Set(exported().layers.flatMap(({ shown }) => shown.flat()))).toEqual(
				new Set([route]),
			);
			expect(description).toMatch(new RegExp(`^All ${force}: `));
			expect(figures[0]!.id).toBe('tries');
			const { identities } = exported().tries.at(-1)!;
			expect(identities.map(({ is }) => is)).toEqual(
				Array(2).fill(force === 'softmax' ? 'causal softmax' : 'plain Gated DeltaNet'),
			);
			for (const { apart } of identities) expect(apart).toBeLessThan(1e-5);
		}
		expect(exported().tries.length).toBe(3);
		view.set('force', 'model');
	});

	it('keeps the chunks of largest margin within a budget', async () => {
		view.set('force', 'budget');
		view.set('budget', 5);
		await settledScene(view, size);
		const kept = exported().layers.flatMap(({ shown }) => shown.flat());
		expect(kept.filter((one) => one === 1)).toHaveLength(5);
	});
});
