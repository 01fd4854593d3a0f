import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Control, SceneEvent } from '../../view-api/view.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import type { RoutingQuery } from './detail.ts';

const FORCES = ['model', 'softmax', 'linear', 'budget'] as const;
export type Force = (typeof FORCES)[number];

export interface RoutingState {
	/** Index into the routed layers. */
	readonly layer: number;
	readonly head: number;
	/** The token whose reading is shown. */
	readonly query: number;
	/** The chunk under the cursor: `layer · H · N + head · N + chunk`, or −1. */
	readonly cell: number;
	readonly force: Force;
	/** Of `budget`: chunks kept exactly in the whole model, those of largest margin first. */
	readonly budget: number;
	/** Chunks whose route was flipped by hand, counted as in `cell`, on top of `force`. */
	readonly flips: readonly number[];
	/** Forced routes that were tried, oldest first. */
	readonly tries: readonly { readonly name: string; readonly routes: readonly string[] }[];
}

const MOST_TRIES = 24;

/** Index of a layer's first chunk when all chunks of all heads of all layers are counted. */
export function firstCell({ layers }: RoutingData, layer: number): number {
	return layers.slice(0, layer).reduce((sum, { H, routes }) => sum + H * routes.N, 0);
}

export function cellCount(data: RoutingData): number {
	return firstCell(data, data.layers.length);
}

/** The model's own routes, one string of digits a layer. */
export function ownRoutes({ layers }: RoutingData): string[] {
	return layers.map(({ routes }) => routes.kept.join(''));
}

/** The routes a state asks for. */
export function routesOf(
	data: RoutingData,
	{ force, budget, flips }: Pick<RoutingState, 'force' | 'budget' | 'flips'>,
): string[] {
	const own = ownRoutes(data);
	const all = Array.from(own.join(''), Number);
	if (force === 'softmax') all.fill(1);
	if (force === 'linear') all.fill(0);
	if (force === 'budget') {
		const margins = data.layers.flatMap(({ routes }) => Array.from(routes.margin));
		const order = all.map((_, at) => at).sort((a, b) => margins[b]! - margins[a]!);
		order.forEach((cell, rank) => (all[cell] = rank < budget ? 1 : 0));
	}
	for (const cell of flips) all[cell] = 1 - all[cell]!;
	const text = all.join('');
	return own.map((digits, layer) => {
		const from = firstCell(data, layer);
		return text.slice(from, from + digits.length);
	});
}

/** Whether a state asks for other routes than the model's own. */
export function isForced(data: RoutingData, state: RoutingState): boolean {
	return routesOf(data, state).join() !== ownRoutes(data).join();
}

export function tryName({
	force,
	budget,
	flips,
}: Pick<RoutingState, 'force' | 'budget' | 'flips'>) {
	const names: Record<Force, string> = {
		model: '',
		softmax: 'all softmax',
		linear: 'all linear',
		budget: `the ${budget} chunks of largest margin`,
	};
	const flipped = flips.length > 0 ? `${flips.length} flipped` : '';
	return [names[force], flipped].filter((part) => part !== '').join(', ') || 'as the model decides';
}

export function layerOf(data: RoutingData, { layer }: RoutingState): RoutedLayer | undefined {
	return data.layers[layer];
}

export function restore(data: RoutingData, saved: unknown): RoutingState {
	const old = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
	const layer = whole(old['layer'], data.layers.length) ?? Math.max(0, data.layers.length - 1);
	const shown = data.layers[layer];
	const cells = cellCount(data);
	const own = ownRoutes(data);
	const force = FORCES.find((each) => each === old['force']) ?? 'model';
	const flips = listed(old['flips']).flatMap((cell) => whole(cell, cells) ?? []);
	const keptNow = own.join('').replaceAll('0', '').length;
	const state: RoutingState = {
		layer,
		head: whole(old['head'], shown?.H ?? 0) ?? 0,
		query: whole(old['query'], shown?.T ?? 0) ?? tellingQuery(data, shown?.T ?? 1),
		cell: whole(old['cell'], cells) ?? -1,
		force,
		budget: whole(old['budget'], cells + 1) ?? keptNow,
		flips: [...new Set(flips)],
		tries: readTries(old['tries'], own),
	};
	return remembered(data, state);
}

/** A list, or one written as text: `3,17`. */
function listed(value: unknown): readonly unknown[] {
	if (Array.isArray(value)) return value;
	return typeof value === 'string' || typeof value === 'number' ? String(value).split(',') : [];
}

export function whole(value: unknown, below: number): number | undefined {
	if (typeof value !== 'number' && (typeof value !== 'string' || value === '')) return undefined;
	const number = Number(value);
	return Number.isInteger(number) && number >= 0 && number < below ? number : undefined;
}

/** The last token that an answer is expected of. */
function tellingQuery({ base }: RoutingData, T: number): number {
	return base.asked > 0 ? Math.min(T - 1, base.positions.at(-1)!) : T - 1;
}

function readTries(saved: unknown, own: readonly string[]): RoutingState['tries'] {
	if (!Array.isArray(saved)) return [];
	return (saved as unknown[]).flatMap((each) => {
		const { name, routes } = (each ?? {}) as { name?: unknown; routes?: unknown };
		const fits =
			Array.isArray(routes) &&
			routes.length === own.length &&
			routes.every(
				(digits, at) => /^[01]*$/.test(String(digits)) && String(digits).length === own[at]!.length,
			);
		return typeof name === 'string' && fits ? [{ name, routes: routes.map(String) }] : [];
	});
}

function remembered(data: RoutingData, state: RoutingState): RoutingState {
	if (!isForced(data, state)) return state;
	const routes = routesOf(data, state);
	if (state.tries.some((each) => each.routes.join() === routes.join())) return state;
	return { ...state, tries: [...state.tries, { name: tryName(state), routes }].slice(-MOST_TRIES) };
}

export function focus(data: RoutingData, state: RoutingState, { id }: AttentionSite): RoutingState {
	const layer = data.layers.findIndex(({ exact, folded }) => exact.id === id || folded.id === id);
	return layer < 0 || layer === state.layer ? state : { ...state, layer, head: 0 };
}

/** On the track a press flips a chunk; on the strip of a layer's tokens it picks the token that reads. */
export function act(data: RoutingData, state: RoutingState, event: SceneEvent): RoutingState {
	if (event.kind === 'leave') return { ...state, cell: -1 };
	if (event.target === 'past' && event.kind === 'press') {
		return restore(data, { ...state, query: event.column });
	}
	if (event.target === 'restore' && event.kind === 'press') {
		return restore(data, { ...state, force: 'model', flips: [] });
	}
	if (!event.target.startsWith('track:')) return state;
	const layer = Number(event.target.slice('track:'.length));
	const { routes } = data.layers[layer]!;
	const cell = firstCell(data, layer) + event.row * routes.N + event.column;
	if (event.kind === 'point') return { ...state, cell };
	const flips = state.flips.includes(cell)
		? state.flips.filter((other) => other !== cell)
		: [...state.flips, cell];
	return restore(data, { ...state, layer, head: event.row, cell, flips });
}

export function controls(data: RoutingData, state: RoutingState): Control<keyof RoutingState>[] {
	const layer = layerOf(data, state);
	if (!layer) return [];
	const numbered = (count: number, name: (at: number) => string) =>
		Array.from({ length: count }, (_, at) => ({ value: String(at), label: name(at) }));
	return [
		{
			kind: 'choice',
			field: 'layer',
			label: 'Layer',
			options: numbered(data.layers.length, (at) => data.layers[at]!.name),
		},
		{ kind: 'choice', field: 'head', label: 'Head', options: numbered(layer.H, String) },
		{
			kind: 'choice',
			field: 'force',
			label: 'What if',
			help: 'Runs the real model again with other routes; a press on a chunk flips it.',
			options: [
				{ value: 'model', label: 'as the model decides' },
				{ value: 'softmax', label: 'all softmax' },
				{ value: 'linear', label: 'all linear' },
				{ value: 'budget', label: 'a budget of chunks' },
			],
		},
		...(state.force === 'budget'
			? [
					{
						kind: 'slider' as const,
						field: 'budget' as const,
						label: 'Chunks kept exactly',
						help: 'Those of the largest margin, in all heads and layers together.',
						min: 0,
						max: cellCount(data),
						step: 1,
					},
				]
			: []),
	];
}

/** What a frame needs: how the chosen token reads, and what the model answers with every routes tried. */
export function routingQueries(data: RoutingData, state: RoutingState): RoutingQuery[] {
	const layer = layerOf(data, state);
	if (!layer) return [];
	const { exact } = layer;
	return [
		{ kind: 'past', site: exact.id, head: state.head, query: state.query },
		...state.tries.map(({ routes }) => ({ kind: 'try' as const, routes })),
	];
}
