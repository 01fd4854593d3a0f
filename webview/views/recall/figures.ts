import type { Figure, Role } from '../../view-api/scene.ts';
import type { CellProgress } from './progress.ts';
import { byDistance, chances, tally, type Tally } from './tally.ts';

/** Accuracy with its interval against pairs, distance and length; a figure of one point is left out. */
export function probeFigures(cells: readonly CellProgress[], vocabulary: number): Figure[] {
	const asked = cells.filter((cell) => cell.asked.length > 0);
	const lengths = distinct(asked.map(({ cell }) => cell.length));
	const pairs = distinct(asked.map(({ cell }) => cell.pairs));
	const at = (count: number, length: number) =>
		asked.find(({ cell }) => cell.pairs === count && cell.length === length)?.tally;
	const bins = byDistance(asked.flatMap((cell) => cell.asked));
	const common = { kind: 'line', yLabel: 'share of queries right', yDomain: [0, 1] } as const;
	const figures: Figure[] = [
		{
			...common,
			id: 'by-pairs',
			title: 'Recall by number of pairs',
			xLabel: 'pairs in the sequence',
			categories: pairs.map(String),
			series: [
				...lengths.flatMap(
					(length, series) =>
					band(`${length} tokens`, { series }, pairs, pairs.map((count) => at(count, length))), // prettier-ignore
				),
				...chanceLines(pairs, vocabulary),
			],
		},
		{
			...common,
			id: 'by-distance',
			title: 'Recall by distance, all cells together',
			xLabel: 'tokens from value to query',
			categories: bins.map(({ from, to }) => `${from}–${to}`),
			series: band('accuracy', { series: 0 }, bins.map(({ to }) => to), bins), // prettier-ignore
		},
		{
			...common,
			id: 'by-length',
			title: 'Recall by length of the sequence',
			xLabel: 'tokens in the sequence',
			categories: lengths.map(String),
			series: pairs.flatMap(
				(count, series) =>
				band(`${count} pairs`, { series }, lengths, lengths.map((length) => at(count, length))), // prettier-ignore
			),
		},
	];
	return figures.filter(({ categories }) => categories!.length > 1);
}

const distinct = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);

type Series = Figure['series'][number];

/** A line with the ends of its intervals dashed beside it; a gap where nothing was asked. */
function band(
	label: string,
	role: Role,
	x: readonly number[],
	tallies: readonly (Tally | undefined)[],
): Series[] {
	const line = (name: string, y: (tally: Tally) => number, dash: boolean): Series => ({
		label: name,
		role,
		x,
		y: tallies.map((tally) => (tally ? y(tally) : NaN)),
		...(dash && { dash }),
	});
	return [
		line(label, ({ accuracy }) => accuracy, false),
		line('95 % interval', ({ low }) => low, true),
		line('95 % interval', ({ high }) => high, true),
	];
}

function chanceLines(pairs: readonly number[], vocabulary: number): Series[] {
	const line = (label: string, role: Role, of: (pairs: number) => number): Series => ({
		...{ label, role, x: pairs },
		y: pairs.map(of),
		dash: true,
	});
	return [
		line('chance, of values shown', 'warning', (count) => chances(vocabulary, count).shown),
		line('chance, of all values', 'muted', (count) => chances(vocabulary, count).any),
	];
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
