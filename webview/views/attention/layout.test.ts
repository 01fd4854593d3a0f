import { describe, expect, it } from 'vitest';
import { seeded } from '../../../kernels/common/seeded.ts';
import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import type { OpenView, ViewContext } from '../../view-api/view.ts';
import { attention } from './attention.ts';
import { contextOf, modelWith, site, tensorOf } from '../../../test/views/hand-made-run.ts';

function random(heads: number, T: number, batches = 1): ViewContext {
	const next = seeded(7);
	const values = (count: number) => Float32Array.from({ length: count }, () => next() * 2);
	const K = 4;
	const shape = [batches, heads, T, K];
	const count = batches * heads * T * K;
	const tensors = ['q', 'k', 'v', 'o'].map((name) => tensorOf(name, shape, values(count)));
	return contextOf(modelWith({ ...site, heads, headSize: K }), tensors);
}

async function opened(context: ViewContext): Promise<OpenView> {
	const data = await attention.compute(context);
	return attention.open(
		data,
		undefined,
		(query) => attention.detail(context, data, query),
		() => undefined,
	);
}

async function settled(view: OpenView, size: Size): Promise<Scene> {
	for (;;) {
		const { scene, pending } = view.scene(size);
		if (!pending) return scene;
		await new Promise((resolve) => setTimeout(resolve));
	}
}

const sizeOf = (width: number): Size => ({
	width,
	height: 700,
	characterWidth: 6.6,
	lineHeight: 16,
});

/** How far a mark reaches; rotated and measured text are judged by where they stand. */
function extent(mark: Mark): [left: number, right: number, bottom: number] {
	switch (mark.kind) {
		case 'line': {
			const xs = mark.points.map(([x]) => x);
			return [Math.min(...xs), Math.max(...xs), Math.max(...mark.points.map(([, y]) => y))];
		}
		case 'text':
		case 'dots':
			return mark.kind === 'text' ? [mark.x, mark.x, mark.y] : [0, 0, 0];
		case 'rect':
		case 'image':
			return [mark.x, mark.x + mark.width, mark.y + mark.height];
	}
}

describe.each([280, 420, 900, 1600])('at %i pixels', (width) => {
	it.each([1, 2, 8, 24])('everything of %i heads stands inside', async (heads) => {
		const scene = await settled(await opened(random(heads, 20)), sizeOf(width));
		expect(scene.width).toBe(width);
		for (const mark of scene.marks) {
			const [left, right, bottom] = extent(mark);
			expect(left).toBeGreaterThanOrEqual(-0.5);
			expect(right).toBeLessThanOrEqual(width + 0.5);
			expect(bottom).toBeLessThanOrEqual(scene.height + 0.5);
		}
		const matrix = scene.targets.find(({ id }) => id === 'matrix');
		expect(matrix?.width).toBeGreaterThan(180);
	});
});

it('draws heads as buttons that do not cover each other, and the one that is pressed large', async () => {
	const view = await opened(random(6, 20));
	const buttons = (await settled(view, sizeOf(280))).targets.filter(({ id }) => id !== 'matrix');
	expect(buttons.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5].map((head) => `head:${head}`));
	for (const [at, one] of buttons.entries()) {
		for (const other of buttons.slice(at + 1)) {
			const beside = one.x + one.width <= other.x || other.x + other.width <= one.x;
			const under = one.y + one.height <= other.y || other.y + other.height <= one.y;
			expect(beside || under).toBe(true);
		}
	}
	view.act({ kind: 'press', target: 'head:4', row: 0, column: 0 });
	const scene = await settled(view, sizeOf(280));
	expect(scene.title).toContain('head 4');
	expect(scene.description).toContain('head 4');
});

it('shows a long sequence pooled, says so, and exact weights after a press', async () => {
	const view = await opened(random(1, 700));
	const whole = await settled(view, sizeOf(420));
	const target = whole.targets.find(({ id }) => id === 'matrix')!;
	expect([target.rows, target.columns]).toEqual([700, 700]);
	expect(whole.marks.length).toBeLessThan(400);
	const words = (scene: Scene) =>
		scene.marks.map((mark) => (mark.kind === 'text' ? mark.text : ''));
	expect(words(whole)).toContain('attention weight (share of 1), largest of 2 × 2 cells');
	expect(whole.readout).toMatch(/weight 0\.\d+ /);

	view.act({ kind: 'press', target: 'matrix', row: 600, column: 300 });
	const near = await settled(view, sizeOf(420));
	const window = near.targets.find(({ id }) => id === 'matrix')!;
	expect([window.rows, window.columns]).toEqual([256, 256]);
	expect(window.label).toContain('queries 444 to 699 by keys 172 to 427');
	expect(words(near)).toContain('attention weight (share of 1)');

	const exact = /weight (\S+) ·/.exec(near.readout)?.[1];
	view.set('span', '0');
	view.act({ kind: 'point', target: 'matrix', row: 600, column: 300 });
	expect(/weight (\S+) ·/.exec((await settled(view, sizeOf(420))).readout)?.[1]).toBe(exact);
});

it('gives every sequence of a batch its own picture', async () => {
	const view = await opened(random(2, 16, 2));
	const fields = () => view.controls().map(({ field }) => field);
	expect(fields()).toContain('batch');
	const first = await settled(view, sizeOf(900));
	view.set('batch', '1');
	const second = await settled(view, sizeOf(900));
	expect(second.description).not.toBe(first.description);
	const images = second.marks.filter(({ kind }) => kind === 'image');
	expect(images.length).toBeGreaterThanOrEqual(2);
});

it('repeats itself: the same state and size give the same scene', async () => {
	const view = await opened(random(2, 16));
	const once = await settled(view, sizeOf(900));
	expect(view.scene(sizeOf(900)).scene).toEqual(once);
});

it('draws entropy and distance, with units', async () => {
	const { figures } = await settled(await opened(random(3, 16)), sizeOf(900));
	const [entropy, distance] = figures;
	expect(entropy?.series.map(({ label }) => label)).toContain('largest possible');
	expect(entropy?.yLabel).toBe('entropy (nats)');
	const [chosen, bound] = entropy!.series;
	chosen!.y.forEach((value, at) => expect(value).toBeLessThanOrEqual(bound!.y[at]! + 1e-5));
	expect(distance?.series[0]?.y.reduce((a, x) => a + x)).toBe(16);
});
