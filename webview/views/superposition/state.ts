import type { AttentionSite } from '../../../extension/protocol/model.ts';
import { fitting } from './dictionary/sources.ts';
import type { SuperposedData } from './data.ts';

export type Part = 'channels' | 'layer' | 'phase' | 'dictionary';

/** One flat record, so that every field can be set from outside by its name. */
export interface SuperpositionState {
	readonly part: Part;
	/** Of `layer`: index of the layer, features that are on as text, presses of "Draw", features that are on when drawn. */
	readonly layer: number;
	readonly features: string;
	readonly draw: number;
	readonly active: number;
	readonly spectrum: boolean;
	/** Of `phase`: m′, n, c (0 for ⌈log₂ m′⌉), and whether it is being refined. */
	readonly outputs: number;
	readonly neurons: number;
	readonly channel: number;
	readonly refine: boolean;
	/** Of `channels`: the grid as `4x4`, the cell that is read, and one score of it. */
	readonly site: string;
	readonly grid: string;
	readonly cell: number;
	readonly head: number;
	readonly query: number;
	readonly key: number;
	readonly swap: boolean;
	/** Of `dictionary`: the tensor, what it is taken apart into, features a token may use, features to learn. */
	readonly tensor: string;
	readonly dictionary: string;
	readonly pick: number;
	readonly sparsity: number;
	readonly learned: number;
	readonly feature: number;
	/** The cell under the cursor. */
	readonly target: string;
	readonly row: number;
	readonly column: number;
}

export const OUTPUTS = [256, 512, 1024, 2048, 4096] as const;

/** Parts that this model has something to show for. */
export function partsOf(data: SuperposedData): Part[] {
	return [
		...(data.attention.length > 0 ? (['channels'] as const) : []),
		...(data.code ? (['layer'] as const) : []),
		...(data.linears.length > 0 ? (['dictionary'] as const) : []),
		'phase',
	];
}

export function restore(data: SuperposedData, saved: unknown): SuperpositionState {
	const old = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
	const whole = (name: string, from: number, to: number, otherwise: number) => {
		const value = old[name];
		const number = value === undefined || value === '' ? NaN : Number(value);
		return Number.isInteger(number) && number >= from && number <= to ? number : otherwise;
	};
	const text = (name: string, otherwise: string) => {
		const value = old[name];
		return typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
	};
	const parts = partsOf(data);
	const outputs = OUTPUTS.find((count) => count === Number(old['outputs'])) ?? 1024;
	const site = data.attention.find(({ id }) => id === old['site']) ?? data.attention[0];
	const grid = site?.grids.find((each) => each === old['grid']) ?? site?.grids.at(-1) ?? '1x1';
	const cells = grid.split('x').reduce((all, side) => all * Number(side), 1);
	const dictionaries = data.dictionaries.map(({ id }) => id);
	const tensor = data.tensors.find(({ name }) => name === old['tensor']) ?? data.tensors[0];
	const dictionary = text('dictionary', '');
	return {
		part: parts.find((part) => part === old['part']) ?? parts[0]!,
		layer: whole('layer', 0, Math.max(0, (data.code?.layers.length ?? 1) - 1), 0),
		features: text('features', ''),
		draw: whole('draw', 0, 1e9, 0),
		active: whole('active', 2, 16, 3),
		spectrum: typeof old['spectrum'] === 'boolean' ? old['spectrum'] : (data.code?.neurons ?? 0) <= 1024, // prettier-ignore
		outputs,
		neurons: whole('neurons', 32, 4096, Math.round(Math.sqrt(outputs) * 16)),
		channel: whole('channel', 0, 32, 0),
		refine: old['refine'] !== false,
		site: site?.id ?? '',
		grid,
		cell: whole('cell', 0, cells - 1, 0),
		head: whole('head', 0, Math.max(0, (site?.heads ?? 1) - 1), 0),
		query: whole('query', 0, Math.max(0, (site?.tokens ?? 1) - 1), 0),
		key: whole('key', 0, Math.max(0, (site?.tokens ?? 1) - 1), 1),
		swap: old['swap'] === true,
		tensor: tensor?.name ?? '',
		dictionary: dictionary.startsWith('file:') || dictionaries.includes(dictionary) ? dictionary : (defaultDictionary(data, tensor?.width ?? 0)), // prettier-ignore
		pick: whole('pick', 0, 1e9, 0),
		sparsity: whole('sparsity', 1, 16, 3),
		learned: whole('learned', 4, 256, 32),
		feature: whole('feature', -1, 1e6, -1),
		target: text('target', ''),
		row: whole('row', -1, 1e6, -1),
		column: whole('column', -1, 1e6, -1),
	};
}

function defaultDictionary({ dictionaries }: SuperposedData, width: number): string {
	return fitting(dictionaries, width)[0]?.id ?? 'learned';
}

export function focus(
	data: SuperposedData,
	state: SuperpositionState,
	{ id }: AttentionSite,
): SuperpositionState {
	if (data.attention.some((site) => site.id === id)) {
		return restore(data, { ...state, part: 'channels', site: id });
	}
	const layer = data.layers.findIndex(({ site }) => site === id);
	return layer < 0 ? state : restore(data, { ...state, part: 'layer', layer });
}
