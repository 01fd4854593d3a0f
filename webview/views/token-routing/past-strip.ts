import type { Mark, Role, Size } from '../../view-api/scene.ts';
import type { Past } from './detail.ts';
import type { RoutedLayer } from './compute.ts';
import { weightRows, type RowsBox } from './weight-rows.ts';

/** How a token reaches an earlier one. */
export type Way = 'softmax' | 'open' | 'linear' | 'later';

const BAND = 10;

export function wayOf({ routes }: RoutedLayer, head: number, query: number, key: number): Way {
	const chunk = Math.floor(key / routes.C);
	if (key > query) return 'later';
	if (chunk === Math.floor(query / routes.C)) return 'open';
	return routes.kept[head * routes.N + chunk] ? 'softmax' : 'linear';
}

const fills: Record<Way, Role> = {
	softmax: 'softmax',
	open: 'good',
	linear: 'linear',
	later: 'faint',
};

/** A band of ways, and under it the weights of both branches times what each counts for in the mix. */
export function pastStrip(
	layer: RoutedLayer,
	{ head, query }: { readonly head: number; readonly query: number },
	past: Past | undefined,
	box: RowsBox,
	size: Size,
): Mark[] {
	const { T } = layer;
	const cell = box.width / box.span;
	const marks: Mark[] = [];
	for (let from = 0; from < T;) {
		const way = wayOf(layer, head, query, from);
		let to = from + 1;
		while (to < T && wayOf(layer, head, query, to) === way) to++;
		const low = way === 'linear';
		marks.push({
			kind: 'rect',
			x: box.x + from * cell,
			y: box.y + (low ? BAND * 0.6 : 0),
			width: (to - from) * cell,
			height: BAND * (low ? 0.4 : 1),
			fill: fills[way],
			...(way === 'later' ? { opacity: 0.4 } : {}),
		});
		from = to;
	}
	if (!past) return marks;
	const share = layer.gates.exactShare[head * T + query]!;
	const times = (values: Float32Array, mix: number) =>
		values.map((value) => value * (Number.isNaN(share) ? 1 : mix));
	const rows = [
		{ name: 'exact', values: times(past.exact, share), role: 'softmax', signed: false },
		{ name: 'state', values: times(past.folded, 1 - share), role: 'linear', signed: true },
	] as const;
	const at = box.x + (query + 0.5) * cell;
	const under = { ...box, y: box.y + BAND + 4, height: box.height - BAND - 4 };
	return [
		...marks,
		...weightRows(rows, under, size),
		{ kind: 'line', points: [[at, box.y - 2], [at, box.y + box.height]], stroke: 'focus', width: 1 }, // prettier-ignore
	];
}
