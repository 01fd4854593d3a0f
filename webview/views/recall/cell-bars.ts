import type { Mark, Size, Target } from '../../view-api/scene.ts';
import type { CellProgress } from './progress.ts';
import type { RecallState } from './state.ts';
import { share } from './sentence.ts';
import { chances } from './tally.ts';
import { TextBlock } from './text-block.ts';

const GAP = 4;

/** One bar a cell: accuracy, its interval as a whisker, chance as a tick; what is not asked yet stays empty. */
export function cellBars(
	cells: readonly CellProgress[],
	vocabulary: number,
	state: RecallState,
	top: number,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const { characterWidth, lineHeight, width } = size;
	const row = lineHeight + GAP;
	const room = 15 * characterWidth;
	const value = 8 * characterWidth;
	const bar = Math.max(40, Math.min(width - room - value, 480));
	const marks = cells.flatMap(({ cell, tally }, at): Mark[] => {
		const y = top + at * row;
		const middle = y + row / 2;
		const box = { x: room, y: y + GAP, height: row - 2 * GAP };
		const x = (part: number) => room + part * bar;
		const chance = x(chances(vocabulary, cell.pairs).shown);
		const words = { kind: 'text', y: middle, size: 'small' } as const;
		return [
			...(state.cell === at
				? [{ kind: 'rect', x: 0, y, width, height: row, fill: 'panel', stroke: 'focus', strokeWidth: 1 } as const] // prettier-ignore
				: []),
			{ ...words, x: 2, text: `${cell.pairs} pairs, L ${cell.length}`, fill: 'text' },
			{ kind: 'rect', ...box, width: bar, stroke: 'faint', strokeWidth: 1 },
			...(tally.asked === 0
				? [{ ...words, x: room + bar + 6, text: 'not yet', fill: 'muted' } as const]
				: ([
						{ kind: 'rect', ...box, width: tally.accuracy * bar, fill: { series: 0 } },
						...whisker(x(tally.low), x(tally.high), middle),
						{ ...words, x: room + bar + 6, text: share(tally.accuracy), fill: 'text' },
					] as const)),
			{ kind: 'line', points: [[chance, y + 2], [chance, y + row - 2]], stroke: 'warning', width: 2, dash: [3, 2] }, // prettier-ignore
		];
	});
	const height = cells.length * row;
	const caption = new TextBlock(size, top + height + 2);
	caption.add('bar: share right · whisker: 95 % interval · dashed: a guess among the values shown', 'muted'); // prettier-ignore
	return {
		marks: [...marks, ...caption.marks],
		targets:
			cells.length === 0
				? []
				: [
						{
							id: 'cells',
							...{ x: 0, y: top, width, height, rows: cells.length, columns: 1 },
							label: 'Accuracy by pairs and length; Enter shows the queries of one alone',
						},
					],
		height: caption.y - top + 4,
	};
}

function whisker(low: number, high: number, y: number): Mark[] {
	const line = (points: (readonly [number, number])[]): Mark => ({
		kind: 'line',
		points,
		stroke: 'text',
		width: 1.5,
	});
	return [
		line([[low, y], [high, y]]), // prettier-ignore
		...[low, high].map((x) => line([[x, y - 3], [x, y + 3]])), // prettier-ignore
	];
}
