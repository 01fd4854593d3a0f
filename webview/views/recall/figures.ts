import type { Figure, Role } from '../../view-api/scene.ts';
import type { CellProgress } from './progress.ts';
import { byDistance, chances, tally, type Tally } from './tally.ts';

const whole: readonly [number, number] = [0, 1];

/** Accuracy with its interval against pairs, distance and length. */
export function probeFigures(cells: readonly CellProgress[], vocabulary: number): Figure[] {
	const asked = cells.filter((cell) => cell.asked.length > 0);
	if (asked.length === 0) return [];
	const lengths = [...new Set(asked.map(({ cell }) => cell.length))];
	const pairs = [...new Set(asked.map(({ cell }) => cell.pairs))].sort((a, b) => a - b);
	const ofLength = (length: number) => asked.filter(({ cell }) => cell.length === length);
	return [
		{
			id: 'by-pairs',
			kind: 'line',
			title: 'Recall by number of pairs, with 95 % intervals',
			xLabel: 'pairs in the sequence',
			yLabel: 'share of queries right',
			xScale: 'log',
			yDomain: whole,
			series: [
				...lengths.flatMap((length, at) =>
					band(`${length} tokens`, { series: at }, ofLength(length), ({ cell }) => cell.pairs),
				),
				...chanceLines(pairs, vocabulary),
			],
		},
		distanceFigure(asked),
		...(lengths.length > 1 ? [lengthFigure(asked, pairs)] : []),
	];
}

type Series = Figure['series'][number];

/** A line with the ends of its intervals dashed beside it. */
function band<Each extends { readonly tally: Tally }>(
	label: string,
	role: Role,
	points: readonly Each[],
	xOf: (point: Each) => number,
): Series[] {
	const line = (name: string, y: (tally: Tally) => number, dash: boolean): Series => ({
		label: name,
		role,
		x: points.map(xOf),
		y: points.map(({ tally }) => y(tally)),
		...(dash && { dash }),
	});
	return [
		line(label, ({ accuracy }) => accuracy, false),
		line(`${label}: low`, ({ low }) => low, true),
		line(`${label}: high`, ({ high }) => high, true),
	];
}

function chanceLines(pairs: readonly number[], vocabulary: number): Series[] {
	const line = (label: string, of: (pairs: number) => number): Series => ({
		label,
		role: 'muted',
		x: pairs,
		y: pairs.map(of),
		dash: true,
	});
	return [
		line('chance: a value shown', (count) => chances(vocabulary, count).shown),
		line('chance: any value', (count) => chances(vocabulary, count).any),
	];
}

function distanceFigure(cells: readonly CellProgress[]): Figure {
	const bins = byDistance(cells.flatMap(({ asked }) => asked)).map((bin) => ({
		tally: bin,
		to: bin.to,
	}));
	return {
		id: 'by-distance',
		kind: 'line',
		title: 'Recall by distance, all cells together',
		xLabel: 'tokens from value to query, at most',
		yLabel: 'share of queries right',
		xScale: 'log',
		yDomain: whole,
		series: band('accuracy', { series: 0 }, bins, ({ to }) => to),
	};
}

function lengthFigure(cells: readonly CellProgress[], pairs: readonly number[]): Figure {
	return {
		id: 'by-length',
		kind: 'line',
		title: 'Recall by length of the sequence',
		xLabel: 'tokens in the sequence',
		yLabel: 'share of queries right',
		xScale: 'log',
		yDomain: whole,
		series: pairs.flatMap((count, at) => {
			const own = cells.filter(({ cell }) => cell.pairs === count);
			if (own.length < 2) return [];
			return band(`${count} pairs`, { series: at }, own, ({ cell }) => cell.length);
		}),
	};
}

/** For the hover's small curve: all lengths of a number of pairs together. */
export function tallyByPairs(cells: readonly CellProgress[]): (Tally & { pairs: number })[] {
	const pairs = [...new Set(cells.map(({ cell }) => cell.pairs))].sort((a, b) => a - b);
	return pairs
		.map((count) => ({
			pairs: count,
			...tally(cells.filter(({ cell }) => cell.pairs === count).flatMap(({ asked }) => asked)),
		}))
		.filter(({ asked }) => asked > 0);
}
