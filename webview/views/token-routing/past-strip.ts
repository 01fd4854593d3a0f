import { significant } from '../../view-api/format.ts';
import type { Mark, Role, Size } from '../../view-api/scene.ts';
import type { Past } from './detail.ts';
import type { RoutedLayer } from './compute.ts';

export interface StripBox {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

/** How a token reaches an earlier one. */
export type Way = 'softmax' | 'open' | 'linear' | 'later';

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
	box: StripBox,
	size: Size,
): Mark[] {
	const { T } = layer;
	const band = 8;
	const marks: Mark[] = [];
	for (let from = 0; from < T;) {
		const way = wayOf(layer, head, query, from);
		let to = from + 1;
		while (to < T && wayOf(layer, head, query, to) === way) to++;
		marks.push({
			kind: 'rect',
			x: box.x + (from * box.width) / T,
			y: box.y,
			width: ((to - from) * box.width) / T,
			height: band,
			fill: fills[way],
			...(way === 'linear' ? { hatch: true } : {}),
			...(way === 'later' ? { opacity: 0.4 } : {}),
		});
		from = to;
	}
	if (!past) return marks;
	const share = layer.gates.exactShare[head * T + query]!;
	const mix = Number.isNaN(share) ? 1 : share;
	const exact = binned(past.exact, box.width).map((value) => value * mix);
	const folded = binned(past.folded, box.width).map(
		(value) => value * (Number.isNaN(share) ? 1 : 1 - share),
	);
	const rows: [string, Float32Array, Role][] = [
		['exact', exact, 'softmax'],
		['state', folded, 'linear'],
	];
	const tall = (box.height - band - 10) / 2;
	rows.forEach(([name, values, stroke], at) => {
		const reach = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
		const signed = name === 'state';
		const base = box.y + band + 6 + tall * (at + (signed ? 0.5 : 1)) + (signed ? 4 : 0);
		const height = signed ? tall / 2 : tall - 2;
		const points: [number, number][] = [];
		values.forEach((value, column) => {
			const x = box.x + ((column + 0.5) * box.width) / values.length;
			points.push([x, base], [x, base - (reach > 0 ? (value / reach) * height : 0)], [x, base]);
		});
		marks.push(
			{ kind: 'line', points: [[box.x, base], [box.x + box.width, base]], stroke: 'faint', width: 1 }, // prettier-ignore
			{ kind: 'line', points, stroke, width: Math.max(1, Math.min(3, box.width / values.length - 1)) }, // prettier-ignore
			{ kind: 'text', x: 0, y: base - height / 2, text: name, fill: 'muted', size: 'small', maxWidth: box.x - 4 }, // prettier-ignore
			{ kind: 'text', x: box.x + box.width + 6, y: base - height / 2, text: `${signed ? '±' : ''}${significant(reach)}`, fill: 'muted', size: 'small', maxWidth: 6 * size.characterWidth }, // prettier-ignore
		);
	});
	const at = box.x + ((query + 0.5) * box.width) / T;
	marks.push({ kind: 'line', points: [[at, box.y - 2], [at, box.y + box.height]], stroke: 'focus', width: 1 }); // prettier-ignore
	return marks;
}

/** The value of largest size a pixel where there are more tokens than pixels. */
function binned(values: Float32Array, width: number): Float32Array {
	const columns = Math.min(values.length, Math.max(1, Math.floor(width)));
	return Float32Array.from({ length: columns }, (_, at) => {
		const from = Math.floor((at * values.length) / columns);
		const to = Math.max(from + 1, Math.floor(((at + 1) * values.length) / columns));
		return values
			.subarray(from, to)
			.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
	});
}
