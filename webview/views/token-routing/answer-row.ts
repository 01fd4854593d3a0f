import type { Mark, Role, Size } from '../../view-api/scene.ts';
import type { Answers } from './answers.ts';
import type { RowsBox } from './weight-rows.ts';

/** Under the tokens that an answer is expected of: low where it is right, tall where it is wrong. */
export function answerRow(
	answers: Answers,
	name: string,
	box: RowsBox,
	{ characterWidth }: Size,
): Mark[] {
	const { positions, expected, given, right, asked } = answers;
	const cell = box.width / box.span;
	const thick = Math.max(2, Math.min(4, cell));
	const middle = box.y + box.height / 2;
	const base = box.y + box.height - 2;
	const line = { kind: 'text', size: 'small', y: middle } as const;
	return [
		{ ...line, x: 0, text: name, fill: 'muted', maxWidth: box.x - 4 },
		...positions.map((token, at): Mark => {
			const good = given[at] === expected[at];
			const height = good ? (box.height - 4) * 0.4 : box.height - 4;
			const fill: Role = good ? 'good' : 'error';
			const x = box.x + (token + 0.5) * cell - thick / 2;
			return { kind: 'rect', x, y: base - height, width: thick, height, fill };
		}),
		{ kind: 'line', points: [[box.x, base], [box.x + box.width, base]], stroke: 'faint', width: 1 }, // prettier-ignore
		{ ...line, x: box.x + box.width + 6, text: `${right}/${asked}`, fill: right === asked ? 'good' : 'error', maxWidth: 7 * characterWidth }, // prettier-ignore
	];
}
