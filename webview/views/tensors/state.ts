import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { SceneEvent } from '../../view-api/view.ts';
import type { TensorsData } from './compute.ts';
import type { Edit, Source } from './edit.ts';
import { readEdits } from './read-edits.ts';

export const LOOKS = ['one', 'all', 'backends', 'placement'] as const;
export const SHOWN = ['own', 'edited', 'difference'] as const;
export const CHANGES = ['none', 'zero', 'scale', 'patch'] as const;
export const SOURCES = ['shuffled', 'ids', 'random'] as const;

export interface TensorsState {
	/** What is looked at: one tensor, all of them, both backends, where nodes ran. */
	readonly look: (typeof LOOKS)[number];
	readonly search: string;
	readonly tensor: string;
	/** Which slice over the last two axes. */
	readonly slice: number;
	readonly shown: (typeof SHOWN)[number];
	/** The edit that is being made; `none` for none. */
	readonly change: (typeof CHANGES)[number];
	/** `all`, an axis such as `1`, or the heads packed in an axis such as `h2`. */
	readonly part: string;
	readonly first: number;
	readonly last: number;
	readonly factor: number;
	readonly source: (typeof SOURCES)[number];
	/** Typed ids of a patch. */
	readonly ids: string;
	readonly seed: number;
	readonly edits: readonly Edit[];
	/** Presses of the buttons so far, and those that were acted on. */
	readonly apply: number;
	readonly applied: number;
	readonly undo: number;
	readonly undone: number;
	/** Relative difference of two backends that counts as one, as a power of ten. */
	readonly tolerance: number;
	readonly stop: boolean;
	/** Cell of the picture under the cursor, or −1. */
	readonly row: number;
	readonly column: number;
}

const MOST_EDITS = 24;

export function restore(data: TensorsData, saved: unknown): TensorsState {
	const old = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
	const text = (field: string) => (typeof old[field] === 'string' ? old[field] : '');
	const number = (field: string, least: number, most: number, otherwise: number) => {
		const value = old[field] === '' || old[field] === null ? NaN : Number(old[field]);
		return value >= least && value <= most ? value : otherwise;
	};
	const whole = (field: string, most = 1e9, otherwise = 0) =>
		Math.round(number(field, 0, most, otherwise));
	const one = <Word extends string>(words: readonly Word[], field: string): Word =>
		words.find((word) => word === old[field]) ?? words[0]!;
	const state: TensorsState = {
		look: one(LOOKS, 'look'),
		search: text('search'),
		tensor: text('tensor') || data.first,
		slice: whole('slice'),
		shown: one(SHOWN, 'shown'),
		change: one(CHANGES, 'change'),
		part: /^(all|h?\d)$/.test(text('part')) ? text('part') : 'all',
		first: whole('first'),
		last: Math.max(whole('first'), whole('last')),
		factor: number('factor', -1e6, 1e6, 2),
		source: one(data.hasIds ? SOURCES : ['random'], 'source'),
		ids: text('ids'),
		seed: whole('seed', 99, 1),
		edits: readEdits(old['edits']),
		apply: whole('apply'),
		applied: whole('applied'),
		undo: whole('undo'),
		undone: whole('undone'),
		tolerance: Math.round(number('tolerance', -6, -1, -3)),
		stop: old['stop'] === true,
		row: whole('row', 1e9, -1),
		column: whole('column', 1e9, -1),
	};
	return acted(data, state);
}

/** A press adds the edit that is being made, or takes the last one off. */
function acted(data: TensorsData, state: TensorsState): TensorsState {
	const { apply, applied, undo, undone, edits, change } = state;
	const counted = { ...state, applied: apply, undone: undo };
	if (undo > undone) return { ...counted, edits: edits.slice(0, -1) };
	if (apply <= applied || change === 'none' || edits.length >= MOST_EDITS) return counted;
	return { ...counted, edits: [...edits, editOf(data, state)] };
}

/** The edit that the controls describe. */
export function editOf({ roles }: TensorsData, state: TensorsState): Edit {
	const { tensor, change, part, first, last, factor } = state;
	const packed = part.startsWith('h');
	return {
		tensor,
		what: change === 'none' ? 'zero' : change,
		axis: part === 'all' ? -1 : Number(part.replace('h', '')),
		parts: packed ? (roles[tensor]?.heads ?? 1) : 0,
		first,
		last,
		factor,
		source: sourceOf(state),
	};
}

function sourceOf({ source, seed, ids }: TensorsState): Source {
	if (source !== 'ids') return { kind: source, seed };
	const numbers = ids.split(/[^\d-]+/).filter((word) => word !== '');
	return { kind: 'ids', ids: numbers.map(Number) };
}

/** The tensor that a site returns, unless one of the site's own is shown already. */
export function focus(data: TensorsData, state: TensorsState, site: AttentionSite): TensorsState {
	if (data.roles[state.tensor]?.site === site.id) return state;
	const name = site.tensors['output']?.name;
	return name === undefined ? state : chosen(data, state, name);
}

function chosen(data: TensorsData, state: TensorsState, tensor: string): TensorsState {
	if (tensor === state.tensor) return { ...state, look: 'one' };
	const fresh = { look: 'one', tensor, slice: 0, part: 'all', first: 0, last: 0, row: -1, column: -1 }; // prettier-ignore
	return restore(data, { ...state, ...fresh });
}

export function act(data: TensorsData, state: TensorsState, event: SceneEvent): TensorsState {
	if (event.kind === 'leave') return { ...state, row: -1, column: -1 };
	if (event.target.startsWith('tensor:'))
		return event.kind === 'press'
			? chosen(data, state, event.target.slice('tensor:'.length))
			: state;
	if (event.target !== 'slice') return state;
	return { ...state, row: event.row, column: event.column };
}
