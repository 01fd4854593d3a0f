import { expect, it } from 'vitest';
import type { Scene, TextMark } from '../view-api/scene.ts';
import { arrowHead } from './arrow.ts';
import { captioned } from './caption.ts';
import { fitted, wrapped } from './text.ts';
import { lightTheme } from './theme.ts';

const ten = (text: string) => text.length * 10;
const mark: TextMark = { kind: 'text', x: 0, y: 0, text: 'induction', fill: 'text' };

it.each([
	[undefined, 'induction'],
	[90, 'induction'],
	[60, 'induc…'],
	[20, 'i…'],
	[5, ''],
])('fits a text into %s pixels', (maxWidth, expected) => {
	expect(fitted({ ...mark, ...(maxWidth ? { maxWidth } : {}) }, ten)).toBe(expected);
});

it('breaks lines between words and leaves a long word alone', () => {
	expect(wrapped('a bb incomprehensible c', 40, ten)).toEqual(['a bb', 'incomprehensible', 'c']);
	expect(wrapped('', 40, ten)).toEqual([]);
});

it('writes the caption above and moves every mark with it', () => {
	const scene: Scene = {
		title: 'Heads',
		site: '',
		description: 'Head 0 reads the token before. Head 1 reads everything.',
		width: 120,
		height: 50,
		marks: [
			{ kind: 'rect', x: 0, y: 0, width: 5, height: 5 },
			{ kind: 'line', points: [[0, 0]], stroke: 'text', width: 1 },
			{ kind: 'dots', xy: Float32Array.of(0, 0), radius: 1, fill: 'text' },
		],
		targets: [],
		figures: [],
		readout: '',
	};
	const whole = captioned(scene, lightTheme);
	const words = whole.marks.flatMap((each) => (each.kind === 'text' ? [each.text] : []));
	expect(words[0]).toBe('Heads');
	expect(words.slice(1).join(' ')).toBe(scene.description);
	expect(words.length).toBeGreaterThan(3);
	const [rect, line, dots] = whole.marks.slice(-3);
	const top = (rect as { y: number }).y;
	expect(top).toBeGreaterThan(60);
	expect(whole.height).toBeGreaterThanOrEqual(top + scene.height);
	expect(rect).toMatchObject({ x: 12 });
	expect(line).toMatchObject({ points: [[12, top]] });
	expect(Array.from((dots as { xy: Float32Array }).xy)).toEqual([12, Math.fround(top)]);
});

it('points an arrow along its last stretch', () => {
	const line = { kind: 'line', points: [[0, 0], [10, 0], [10, 0]], stroke: 'text', width: 1 } as const; // prettier-ignore
	expect(arrowHead(line)).toEqual([
		[10, 0],
		[4, 3],
		[4, -3],
	]);
	expect(arrowHead({ ...line, points: [[3, 3]] })).toEqual([]);
});
