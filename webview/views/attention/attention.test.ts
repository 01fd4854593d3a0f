import { describe, expect, it } from 'vitest';
import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import type { OpenView, ViewContext } from '../../view-api/view.ts';
import { attention } from './attention.ts';
import {
	contextOf,
	modelWith,
	pointingHead,
	site,
	tensorOf,
} from '../../../test/views/hand-made-run.ts';

const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };
const T = 12;
/** Strong enough that a query's target takes nearly all of its weight. */
const STRONG = 8;

async function opened(context: ViewContext, saved?: unknown): Promise<OpenView> {
	const data = await attention.compute(context);
	const fetch = (query: unknown) => attention.detail(context, data, query);
	return attention.open(data, saved, fetch, () => undefined);
}

async function settled(view: OpenView, at: Size = size): Promise<Scene> {
	for (let tries = 0; tries < 100; tries++) {
		const { scene, pending } = view.scene(at);
		if (!pending) return scene;
		await new Promise((resolve) => setTimeout(resolve));
	}
	throw new Error('the scene never settled');
}

function largeImage(scene: Scene): Extract<Mark, { kind: 'image' }> {
	const { target } = { target: scene.targets.find(({ id }) => id === 'matrix')! };
	const found = scene.marks.find(
		(mark) => mark.kind === 'image' && mark.x === target.x && mark.y === target.y,
	);
	return found as Extract<Mark, { kind: 'image' }>;
}

const previous = pointingHead(T, (t) => Math.max(0, t - 1), STRONG);

describe('what it needs', () => {
	it('explains why a model does not fit', () => {
		expect(attention.fit(modelWith())).toEqual({
			fits: false,
			reason: 'No attention was found in this model’s graph.',
		});
		expect(attention.fit(modelWith({ ...site, form: 'convolution' }))).toMatchObject({
			reason: 'This model mixes tokens by convolution, of which no matrix can be drawn here.',
		});
		expect(attention.fit(modelWith(site))).toEqual({ fits: true });
	});

	it('taps queries, keys, values and outputs, and a mask only where it is no rule', () => {
		const masked = { ...site, tensors: { ...site.tensors, mask: { name: 'm', axes: '11TS' } } };
		expect(attention.taps(modelWith(masked))).toEqual(['q', 'k', 'v', 'o']);
		expect(attention.taps(modelWith({ ...masked, mask: 'additive' as const }))).toContain('m');
	});
});

describe('what a picture does not show', () => {
	const withTensor = (role: string, axes: string, values: readonly number[]) => {
		const given = { ...site, tensors: { ...site.tensors, [role]: { name: role, axes } } };
		const shape = axes === '' ? [] : [values.length];
		return contextOf(modelWith(given), [...previous.tensors, tensorOf(role, shape, values)]);
	};

	it('greys the rows of queries that are padding, and says so', async () => {
		const scene = await settled(await opened(withTensor('length', 'B', [9])));
		expect(scene.description).toMatch(
			/The last 3 queries of this sequence are padding: their rows are greyed, and the proof leaves them out, since their output means nothing\.$/,
		);
		const image = largeImage(scene);
		const grey = scene.marks.filter((mark) => mark.kind === 'rect' && mark.hatch === true);
		const rows = grey.find((mark) => mark.kind === 'rect' && mark.x === image.x);
		// the large picture's, and the small one's
		expect(grey).toHaveLength(2);
		expect(rows).toMatchObject({
			y: image.y + (9 / T) * image.height,
			height: (3 / T) * image.height,
		});
	});

	it('says that weights are read from the graph where they are no softmax of q·k', async () => {
		const mixed = { ...site, tensors: { ...site.tensors, mixing: { name: 'w', axes: 'BHTS' } } };
		const weights = tensorOf('w', [1, 1, T, T], Float32Array.from(previous.weights));
		const context = contextOf(modelWith(mixed), [...previous.tensors, weights]);
		const view = await opened(context);
		expect((await settled(view)).description).toMatch(/These weights are the graph’s own, .*\.$/);
		expect(view.proofs()[0]).toMatchObject({ verified: true });
	});

	it('says how much of the weight goes to a sink', async () => {
		// as strong as all keys but the chosen one are weak
		const { description } = await settled(await opened(withTensor('sink', 'H', [STRONG])));
		expect(description).toMatch(/On average 0\.500 of a query’s weight goes to a sink\.$/);
	});
});

describe('a head that reads the token before', () => {
	const context = contextOf(modelWith(site), previous.tensors);

	it('draws the exact weights and leaves what the mask hides empty', async () => {
		const image = largeImage(await settled(await opened(context)));
		expect([image.rows, image.columns, image.domain]).toEqual([T, T, [0, 1]]);
		image.values.forEach((value, at) => {
			const [t, j] = [Math.floor(at / T), at % T];
			if (j > t) expect(value).toBeNaN();
			else expect(value).toBeCloseTo(previous.weights[at]!, 6);
		});
	});

	it('says so, with its numbers', async () => {
		const { description } = await settled(await opened(context));
		expect(description).toMatch(
			/^Layer 0 head 0 puts on average 0\.99\d of a query's weight on one key, 1\.00 tokens? back; it is a previous-token head: for 11 of 11 queries that key is the token before \(0\.99\d of their weight\)\.$/,
		);
	});

	it('is proved against the model’s own output', async () => {
		const view = await opened(context);
		const [proof] = view.proofs();
		expect(proof).toMatchObject({ site: site.id, verified: true, reason: '', tolerance: 1e-4 });
		expect(proof?.residual).toBeLessThan(1e-6);
		const words = (await settled(view)).marks.map((mark) =>
			mark.kind === 'text' ? mark.text : '',
		);
		expect(words.some((text) => /^✓ verified \de-\d+$/.test(text))).toBe(true);
	});

	it('is not proved against an output it did not make', async () => {
		const other = tensorOf('o', [1, 1, T, 2], new Float32Array(T * 2).fill(1));
		const wrong = [...previous.tensors.filter(({ name }) => name !== 'o'), other];
		const view = await opened(contextOf(modelWith({ ...site, scale: null }), wrong));
		expect(view.proofs()[0]).toMatchObject({
			verified: false,
			reason:
				'The weights drawn do not give the model’s own output. The scale of the scores is no constant of the graph; 1/√K was taken.',
		});
		const words = (await settled(view)).marks.map((mark) =>
			mark.kind === 'text' ? mark.text : '',
		);
		expect(words.some((text) => text.startsWith('✗ not verified'))).toBe(true);
	});

	it('says nothing of weights where the model’s own output is not of numbers', async () => {
		const other = tensorOf('o', [1, 1, T, 2], new Float32Array(T * 2).fill(NaN));
		const broken = [...previous.tensors.filter(({ name }) => name !== 'o'), other];
		const view = await opened(contextOf(modelWith(site), broken));
		const words = 'nothing can be said. The model’s own output holds values that are not numbers.';
		expect((await settled(view)).description).toBe(`Of layer 0 head 0 ${words}`);
		expect(view.findings()[0]!.description).toBe(`Of layer 0 ${words}`);
		expect(view.proofs()[0]).toMatchObject({ residual: null, verified: false });
	});

	it('reads out the exact weight under the cursor, by pointer and keyboard alike', async () => {
		const view = await opened(context);
		view.act({ kind: 'point', target: 'matrix', row: 5, column: 4 });
		expect((await settled(view)).readout).toMatch(
			/^query 5 → key 4: weight 0\.99\d · largest of this query 0\.99\d on key 4 · entropy 0\.\d+ nats$/,
		);
		view.act({ kind: 'point', target: 'matrix', row: 5, column: 6 });
		expect((await settled(view)).readout).toMatch(/^query 5 → key 6: weight 0 · /);
		view.act({ kind: 'leave', target: 'matrix', row: 0, column: 0 });
		expect((await settled(view)).readout).toMatch(/^query 5 → key 6/);
	});

	it('hides what is under the threshold, and scales rows by their largest weight', async () => {
		const view = await opened(context);
		view.set('threshold', 0.5);
		const kept = largeImage(await settled(view)).values.filter((value) => !Number.isNaN(value));
		expect(kept).toHaveLength(T);
		view.set('relative', true);
		const shares = largeImage(await settled(view)).values.filter((value) => !Number.isNaN(value));
		expect(Array.from(shares)).toEqual(new Array(T).fill(1));
	});

	it('is exported as it is shown', async () => {
		const view = await opened(context);
		await settled(view);
		const { csv, json } = view.export();
		const lines = csv.trimEnd().split('\n');
		expect(lines[0]).toBe('query,query_token,key,key_token,weight');
		expect(lines).toHaveLength(1 + (T * (T + 1)) / 2);
		const [query, , key, , weight] = lines.at(-1)!.split(',').map(Number);
		expect([query, key]).toEqual([T - 1, T - 1]);
		expect(weight).toBeCloseTo(previous.weights.at(-1)!, 6);
		expect(json).toMatchObject({ head: 0, weights: { holds: 'the weight', cell: [1, 1] } });
		expect(() => JSON.stringify(json)).not.toThrow();
	});

	it('can be shown in a hover', async () => {
		const [finding] = (await opened(context)).findings();
		expect(finding).toMatchObject({ site: site.id });
		expect(finding?.reach).toBeCloseTo(1, 1);
		expect(finding?.entropy).toBeGreaterThan(0);
		expect(finding?.picture.marks.some(({ kind }) => kind === 'image')).toBe(true);
	});
});

describe('what a head is called', () => {
	const words = ['a', 'x', 'b', 'y', 'c', 'z', 'a', 'p', 'b', 'q', 'c', 'r'];
	const scattered = [0, 0, 2, 1, 0, 5, 2, 4, 1, 8, 3, 2];
	const cases: [string, (t: number) => number, number, RegExp][] = [
		['self', (t) => t, STRONG, /for 11 of 11 queries that key is their own token/],
		['first', () => 0, STRONG, /for 10 of 10 queries that key is the first token/],
		['offset', (t) => Math.max(0, t - 3), STRONG, /that key is exactly 3 tokens back/],
		['even', () => 0, 0, /spreads its weight almost evenly: its entropy is 100 % of the largest/],
		[
			'induction',
			(t) => (t > 5 && t % 2 === 0 ? t - 5 : t % 4),
			STRONG,
			/induction-like: 3 of the 3 queries whose token stood before read the token after it/,
		],
		[
			'copy',
			(t) => (t > 5 && t % 2 === 0 ? t - 6 : scattered[t]!),
			STRONG,
			/3 of the 3 queries whose token stood before read that earlier copy/,
		],
		['mixed', (t) => scattered[t]!, STRONG, /no one pattern holds for most queries/],
	];
	it.each(cases)('%s', async (_name, target, strength, expected) => {
		const head = pointingHead(T, target, strength);
		const scene = await settled(await opened(contextOf(modelWith(site), head.tensors, words)));
		expect(scene.description).toMatch(expected);
	});
});

describe('labels', () => {
	it('are marked on the axis, start the cursor, and are told in the readout', async () => {
		const labels = Array.from({ length: T }, (_, t) => (t === 7 ? 42 : -100));
		const scene = await settled(
			await opened(contextOf(modelWith(site), previous.tensors, [], labels)),
		);
		expect(scene.readout).toMatch(/^query 7 → key 6.*expected answer id 42$/);
		expect(scene.description).toMatch(/\(0\.99\d in the 1 query with an expected answer\)/);
	});
});

describe('a site that cannot be drawn', () => {
	it.each([
		['a tensor was not read', { q: { name: 'gone', axes: 'BHTK' } }, 'did not read the tensor'],
		['there is no such tensor', { v: null }, 'The graph has no tensor that can be read as v.'],
		['axes are unknown', { k: { name: 'k', axes: '' } }, 'axes of k (k) mean could not be worked'],
		[
			'axes do not fit',
			{ k: { name: 'k', axes: 'BS' } },
			'expected with axes BS, and the run gave',
		],
	])('says why: %s', async (_name, tensors, reason) => {
		const bad = { ...site, id: 'bad', layer: 1, tensors: { ...site.tensors, ...tensors } };
		const view = await opened(contextOf(modelWith(site, bad), previous.tensors));
		expect(view.proofs()[0]?.verified).toBe(true);
		expect(view.proofs()[1]).toMatchObject({ residual: null, verified: false });
		expect(view.proofs()[1]?.reason).toContain(reason);
		view.focus(bad);
		const scene = await settled(view);
		expect(scene.description).toMatch(/^Layer 1 cannot be drawn\. /);
		expect(scene.description).toContain(reason);
		expect(view.findings()[1]).toMatchObject({ entropy: null, reach: null });
		expect(view.export().json).toMatchObject({ proof: { verified: false } });
	});
});

it('stops when it is cancelled', async () => {
	const cancelled = new AbortController();
	const context = contextOf(modelWith(site), previous.tensors);
	cancelled.abort();
	await expect(attention.compute({ ...context, signal: cancelled.signal })).rejects.toThrow(
		'abort',
	);
});

describe('the state', () => {
	const context = contextOf(modelWith(site), previous.tensors);

	it.each([
		undefined,
		null,
		7,
		'rubbish',
		{ site: 'gone', head: 99, query: -1, key: 1.5, threshold: 'x', span: 3, relative: 'yes' },
		{ head: '', threshold: Infinity, row: {}, column: [] },
	])('is restored from %j', async (saved) => {
		const view = await opened(context, saved);
		expect(view.save()).toMatchObject({ site: site.id, head: 0, threshold: 0, span: 0 });
		expect((await settled(view)).marks.length).toBeGreaterThan(10);
	});

	it('survives being written down', async () => {
		const view = await opened(context);
		view.set('threshold', 0.25);
		view.act({ kind: 'point', target: 'matrix', row: 3, column: 1 });
		const again = await opened(context, JSON.parse(JSON.stringify(view.save())));
		expect(again.save()).toEqual(view.save());
	});

	it('ignores what is not there', async () => {
		const view = await opened(context);
		const before = view.save();
		view.act({ kind: 'press', target: 'head:5', row: 0, column: 0 });
		view.act({ kind: 'press', target: 'nothing', row: 0, column: 0 });
		expect(view.save()).toEqual(before);
	});
});
