import type { Figure } from '../../view-api/scene.ts';
import { accountOf, digits } from './account.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import type { Known } from './detail.ts';
import { ownRoutes, type RoutingState } from './state.ts';

const MOST_POINTS = 512;

/** Gates of the chosen head along the sequence. */
export function gateFigure({ gates, T }: RoutedLayer, head: number): Figure {
	const bin = Math.ceil(T / MOST_POINTS);
	const x = Array.from({ length: Math.ceil(T / bin) }, (_, at) => at * bin);
	const line = (values: Float32Array) =>
		x.map((from) => {
			const part = values.subarray(head * T + from, head * T + Math.min(T, from + bin));
			return part.reduce((sum, value) => sum + value, 0) / part.length;
		});
	return {
		id: 'gates',
		kind: 'line',
		title: `Gates of head ${head}`,
		xLabel: bin === 1 ? 'position (tokens)' : `position (tokens), mean of ${bin}`,
		yLabel: 'share (0 to 1)',
		yDomain: [0, 1],
		series: [
			{ label: 'decay α: state left', role: 'muted', x, y: line(gates.alpha), dash: true },
			{ label: 'write strength β', role: 'linear', x, y: line(gates.beta) },
			{ label: 'weight of softmax in the mix', role: 'softmax', x, y: line(gates.exactShare) },
		].filter(({ y }) => y.some((value) => !Number.isNaN(value))) as Figure['series'],
	};
}

/** What each token wrote that the state did not return already; what softmax chunks wrote is rolled back at their end. */
export function surpriseFigure({ gates, routes, T }: RoutedLayer, head: number): Figure {
	const bin = Math.ceil(T / MOST_POINTS);
	const x = Array.from({ length: Math.ceil(T / bin) }, (_, at) => at * bin);
	const line = (kept: number) =>
		x.map((from) => {
			const to = Math.min(T, from + bin);
			const values: number[] = [];
			for (let t = from; t < to; t++) {
				const chunk = head * routes.N + Math.floor(t / routes.C);
				if (routes.kept[chunk] === kept) values.push(gates.surprise[head * T + t]!);
			}
			return values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : NaN;
		});
	return {
		id: 'surprise',
		kind: 'line',
		title: `Surprise of head ${head}: what each token writes`,
		xLabel: bin === 1 ? 'position (tokens)' : `position (tokens), mean of ${bin}`,
		yLabel: '‖u‖ (norm)',
		series: [
			{ label: 'stays in the state', role: 'linear', x, y: line(0) },
			{ label: 'rolled back: a softmax chunk', role: 'softmax', x, y: line(1), dash: true },
		],
	};
}

/** The state as later chunks find it. */
export function stateFigure({ gates: { after, norm, rank } }: RoutedLayer, head: number): Figure {
	const part = (values: Float32Array) =>
		Array.from(values.subarray(head * after.length, (head + 1) * after.length));
	return {
		id: 'state',
		kind: 'line',
		title: `State of head ${head} as it is remembered`,
		xLabel: 'after position (tokens)',
		yLabel: 'norm; rank',
		series: [
			{ label: 'Frobenius norm', role: 'linear', x: after, y: part(norm) },
			{ label: 'effective rank', role: 'muted', x: after, y: part(rank), dash: true },
		],
	};
}

/** Share of chunks kept exactly against what the model gets right, for everything that was tried. */
export function triesFigure(
	data: RoutingData,
	{ tries }: RoutingState,
	known: Known,
): Figure | undefined {
	if (tries.length === 0 || data.base.asked === 0) return undefined;
	const share = (routes: readonly string[]) => {
		const shares = data.layers.map((layer, at) => accountOf(layer, digits(routes[at]!)));
		return shares.reduce((sum, each) => sum + each.share, 0) / shares.length;
	};
	const done = tries.flatMap(({ routes }) => {
		const result = known({ kind: 'try', routes });
		return result?.kind === 'try' ? [{ x: share(routes), y: result.right / result.asked }] : [];
	});
	const { right, asked } = data.base;
	return {
		id: 'tries',
		kind: 'scatter',
		title: `What was tried: right answers of ${data.base.asked}`,
		xLabel: 'softmax: chunks kept exactly (share)',
		yLabel: 'right (share)',
		yDomain: [0, 1],
		series: [
			{
				label: 'as the model decides',
				role: 'good',
				x: [share(ownRoutes(data))],
				y: [right / asked],
			},
			{ label: 'forced', role: 'warning', x: done.map(({ x }) => x), y: done.map(({ y }) => y) },
		],
	};
}
