import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { readNpz } from '../../../test/models/npz.ts';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { modelWith, site } from '../../../test/views/hand-made-run.ts';
import type { Size } from '../../view-api/scene.ts';
import type { OpenView } from '../../view-api/view.ts';
import { tokenRouting } from './token-routing.ts';

const folder = join(import.meta.dirname, '../../../samples/natsl');
const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };

// the sample's model runs in each of these, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 400_000 });

interface Exported {
	readonly layers: readonly { readonly decisions: number[][]; readonly shown: number[][] }[];
	readonly answers: { readonly right: number; readonly given: number[] };
	readonly tries: readonly {
		readonly right: number;
		readonly firstChange: number;
		readonly logitChange: number;
		readonly changed: number[];
	}[];
}

let view: OpenView;
let chunk = 0;
const exported = () => view.export().json as Exported;

beforeAll(async () => {
	view = (await runSample(folder, tokenRouting))!;
	const { routing } = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as {
		routing: { chunk: number };
	};
	chunk = routing.chunk;
});

it('does not fit a model that routes nothing', () => {
	expect(tokenRouting.fit(modelWith(site))).toMatchObject({
		fits: false,
		reason: expect.stringContaining('nothing is routed') as string,
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
