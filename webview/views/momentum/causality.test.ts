import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { seeded } from '../../../kernels/common/seeded.ts';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { constant, model, node, tensor, value } from '../../../test/models/build-model.ts';
import type { OpenView } from '../../view-api/view.ts';
import type { Causality } from './causality.ts';
import { momentum } from './momentum.ts';

vi.setConfig({ testTimeout: 60_000 });

const [LAYERS, WIDTH, WORDS, TOKENS] = [3, 4, 11, 12];
const size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };

interface Leaks {
	/** The layer whose mask lets each token see the next one. */
	readonly mask?: number;
	/** The layer that divides by the length of the whole sequence. */
	readonly length?: number;
	/** The file fixes the number of tokens. */
	readonly fixed?: boolean;
}

/** A causal transformer of attention alone, with what is planted in it. */
function planted({ mask, length, fixed = false }: Leaks): Uint8Array {
	const random = seeded(3);
	const weights = (name: string, rows: number) =>
		tensor(
			name,
			[rows, WIDTH],
			Array.from({ length: rows * WIDTH }, () => 2 * random() - 1),
		);
	const layers = Array.from({ length: LAYERS }, (_, at) => {
		const [x, own] = [
			at === 0 ? 'x' : `/layers.${at - 1}/sum`,
			(name: string) => `/layers.${at}/${name}`,
		];
		const divided = length === at;
		return [
			...['q', 'k', 'v'].map((role) => node('MatMul', [x, `w${at}${role}`], [own(role)])),
			node('Transpose', [own('k')], [own('kt')], { perm: [0, 2, 1] }),
			node('MatMul', [own('q'), own('kt')], [own('scores')]),
			node('Mul', [own('scores'), 'scale'], [own('scaled')]),
			node(
				'Where',
				[mask === at ? 'seesNext' : 'seesPast', own('scaled'), 'never'],
				[own('masked')],
			),
			node('Softmax', [own('masked')], [own('weights')], { axis: -1 }),
			node('MatMul', [own('weights'), own('v')], [own('mixed')]),
			...(divided ? [node('Div', [own('mixed'), 'length'], [own('divided')])] : []),
			node('Add', [x, own(divided ? 'divided' : 'mixed')], [own('sum')]),
		];
	});
	const sees = (name: string, diagonal: number) => [
		constant(`${name}From`, tensor('', [], [diagonal], 'int64')),
		node('Trilu', ['ones', `${name}From`], [`${name}Ones`], { upper: 0 }),
		node('Cast', [`${name}Ones`], [name], { to: 9 }),
	];
	return model({
		input: [value('ids', 'int64', [1, fixed ? TOKENS : 'seq'])],
		output: [value('logits', 'float32', [1, 'seq', WORDS])],
		initializer: [
			weights('embed', WORDS),
			...Array.from({ length: LAYERS }, (_, at) =>
				['q', 'k', 'v'].map((role) => weights(`w${at}${role}`, WIDTH)),
			).flat(),
			tensor(
				'head',
				[WIDTH, WORDS],
				Array.from({ length: WIDTH * WORDS }, () => random() - 0.5),
			),
			tensor('scale', [], [0.5]),
			tensor('never', [], [-1e9]),
			tensor('one', [1], [1], 'int64'),
			tensor('two', [1], [2], 'int64'),
		],
		node: [
			node('Gather', ['embed', 'ids'], ['x']),
			node('Shape', ['ids'], ['shape']),
			node('Slice', ['shape', 'one', 'two'], ['tokens']),
			node('Cast', ['tokens'], ['length'], { to: 1 }),
			node('Concat', ['tokens', 'tokens'], ['square'], { axis: 0 }),
			node('ConstantOfShape', ['square'], ['ones'], { value: tensor('', [1], [1]) }),
			...sees('seesPast', 0),
			...sees('seesNext', 1),
			...layers.flat(),
			node('MatMul', [`/layers.${LAYERS - 1}/sum`, 'head'], ['logits']),
		],
	});
}

async function opened(file: Uint8Array): Promise<OpenView> {
	const folder = await mkdtemp(join(tmpdir(), 'attnscope-leak-'));
	try {
		const data = Array.from({ length: TOKENS }, (_, at) => (at * 7) % WORDS);
		const prompt = { inputs: { ids: { dtype: 'int64', shape: [1, TOKENS], data } } };
		await writeFile(join(folder, 'model.onnx'), file);
		await writeFile(join(folder, 'prompt.json'), JSON.stringify(prompt));
		const view = (await runSample(folder, momentum))!;
		await settledScene(view, size);
		return view;
	} finally {
		await rm(folder, { recursive: true });
	}
}

const causalityOf = (view: OpenView) =>
	(view.export().json as { causality: Causality & { sentence: string } }).causality;

describe('the causality probe', () => {
	it('finds nothing in a causal model', async () => {
		const view = await opened(planted({}));
		const found = causalityOf(view);
		expect(found.causal).toBe(true);
		expect(found.trials.map(({ moved }) => moved! < 1e-5)).toEqual([true, true]);
		expect(found.trials[0]!.moved).toBe(0);
		expect(found.sentence).toMatch(/^Causal on this input: outputs before token 6/);
	});

	it.each([0, 1, 2])('names the layer that sees the next token: %i', async (layer) => {
		const view = await opened(planted({ mask: layer }));
		const found = causalityOf(view);
		expect(found.causal).toBe(false);
		for (const trial of found.trials) {
			expect(trial.leaks).toBe(true);
			expect(trial.site).toContain(`layers.${layer}`);
			expect(trial.where).toBe(`the attention of layer ${layer}`);
		}
		expect(view.findings().map(({ lens }) => lens)).toEqual(['leaks later tokens']);
		const { scene } = view.scene(size);
		expect(scene.description).toContain(
			`the first place that moves is the attention of layer ${layer}`,
		);
	});

	it('names the layer that reads the length of the sequence', async () => {
		const { causal, trials } = causalityOf(await opened(planted({ length: 1 })));
		expect(causal).toBe(false);
		const [tokens, length] = trials;
		expect(tokens).toMatchObject({ leaks: false, moved: 0 });
		expect(length).toMatchObject({ leaks: true, where: 'the step of layer 1’s attention' });
	});

	it('goes without another length where the model takes none, and says so', async () => {
		const { causal, trials, sentence } = causalityOf(await opened(planted({ fixed: true })));
		expect(causal).toBe(true);
		expect(trials[0]!.moved).toBe(0);
		expect(trials[1]!.moved).toBeNull();
		expect(sentence).toContain('The model does not run at 6 tokens instead of 12');
	});
});
