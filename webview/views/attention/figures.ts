import type { Figure } from '../../view-api/scene.ts';
import type { MeasuredSite } from './compute.ts';
import { visibleKeys } from './patterns.ts';
import type { Shown } from './shown.ts';

/** Points of a line; longer sequences are averaged over neighbouring queries. */
const MOST_POINTS = 512;
/** Heads drawn behind the chosen one. */
const MOST_OTHERS = 31;

const drawn = new WeakMap<MeasuredSite, Map<string, readonly Figure[]>>();

/** Entropy by query, and how far back the largest weight lies; the same list while the head stays the same. */
export function headFigures(shown: Shown): readonly Figure[] {
	const { measured, state } = shown;
	const known = drawn.get(measured) ?? new Map<string, readonly Figure[]>();
	drawn.set(measured, known);
	const key = `${state.batch}/${state.head}`;
	const figures = known.get(key) ?? [entropyFigure(shown), distanceFigure(shown)];
	known.set(key, figures);
	return figures;
}

function entropyFigure({ picture, measured, state }: Shown): Figure {
	const { H, T, entropy } = measured;
	const bin = Math.ceil(T / MOST_POINTS);
	const x = Array.from({ length: Math.ceil(T / bin) }, (_, at) => at * bin);
	const binned = (value: (query: number) => number) =>
		x.map((from) => {
			const to = Math.min(T, from + bin);
			let sum = 0;
			for (let query = from; query < to; query++) sum += value(query);
			return sum / (to - from);
		});
	const ofHead = (head: number) =>
		binned((query) => entropy[(state.batch * H + head) * T + query]!);
	const others = Array.from({ length: H }, (_, head) => head)
		.filter((head) => head !== state.head)
		.slice(0, MOST_OTHERS);
	return {
		id: 'entropy',
		kind: 'line',
		title: 'Entropy of each query’s weights',
		xLabel: bin === 1 ? 'query position (tokens)' : `query position (tokens), mean of ${bin}`,
		yLabel: 'entropy (nats)',
		series: [
			{
				label: `head ${state.head}`,
				role: measured.signed ? 'linear' : 'softmax',
				x,
				y: ofHead(state.head),
			},
			{
				label: 'largest possible',
				role: 'muted',
				x,
				y: binned((query) => Math.log(visibleKeys(picture, measured, query))),
				dash: true,
			},
			...others.map((head) => ({
				label: others.length === 1 ? `head ${head}` : 'other heads',
				role: 'faint' as const,
				x,
				y: ofHead(head),
			})),
		],
	};
}

function distanceFigure({ measured, state }: Shown): Figure {
	const { H, T, S, largestAt, queryOffset } = measured;
	const at = (state.batch * H + state.head) * T;
	const bins = distanceBins(Math.max(T, S));
	const counts = bins.map(() => 0);
	for (let query = 0; query < T; query++) {
		const back = Math.abs(query + queryOffset - largestAt[at + query]!);
		counts[bins.findLastIndex(([from]) => from <= back)]! += 1;
	}
	return {
		id: 'distance',
		kind: 'bar',
		title: 'Distance of each query’s largest weight',
		xLabel: 'distance between query and key (tokens)',
		yLabel: `queries (of ${T.toLocaleString('en-US')})`,
		categories: bins.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)),
		series: [
			{
				label: `head ${state.head}`,
				role: measured.signed ? 'linear' : 'softmax',
				x: bins.map(([from]) => from),
				y: counts,
			},
		],
	};
}

/** 0, 1, 2–3, 4–7, … */
function distanceBins(length: number): [from: number, to: number][] {
	const bins: [number, number][] = [[0, 0]];
	for (let from = 1; from < length; from *= 2) bins.push([from, Math.min(length, from * 2) - 1]);
	return bins;
}
