import type { Filler } from '../../../kernels/recall/recall.ts';
import type { Control, SceneEvent } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import type { Known } from './detail.ts';
import { progressOf } from './progress.ts';
import { shownRows } from './rows.ts';
import { hasRoom, type Cell, type Task } from './task.ts';

const VARIANTS = ['standard', 'renewed-half', 'renewed-all', 'two-passes'] as const;
const FILLERS: readonly Filler[] = ['no-keys', 'any', 'none'];

export interface RecallState {
	/** Pairs and lengths to cross; what has no room is left out. */
	readonly pairs: readonly number[];
	readonly lengths: readonly number[];
	/** Queries for each cell, about. */
	readonly queries: number;
	readonly variant: (typeof VARIANTS)[number];
	readonly filler: Filler;
	readonly seed: number;
	/** Presses of stop and resume: it is stopped where they are odd. */
	readonly stops: number;
	/** Whether rows show only queries that failed. */
	readonly failures: boolean;
	/** The cell whose rows are shown; −1 for all. */
	readonly cell: number;
	/** Name of the chosen query, as in `QueryRow`; empty for none. */
	readonly chosen: string;
	/** What is under the cursor, as target and row; not kept. */
	readonly pointed: string;
}

/** The lengths that a model is asked at unless the user says otherwise: twice, if there is room. */
function usualLengths({ tokenModel, vocabulary }: RecallData): number[] {
	if (tokenModel.length !== undefined) return [tokenModel.length];
	const first = vocabulary > 64 ? 64 : 2 ** Math.floor(Math.log2(Math.max(2, vocabulary - 1)));
	return vocabulary > 2 * first ? [first, 2 * first] : [first];
}

export function restore(data: RecallData, saved: unknown): RecallState {
	const given = typeof saved === 'object' && saved !== null ? (saved as Partial<RecallState>) : {};
	const one = <T>(known: readonly T[], value: unknown, otherwise: T): T =>
		known.find((each) => each === value) ?? otherwise;
	return {
		pairs: numbersOf(given.pairs) ?? [4, 8, 16, 32],
		lengths: numbersOf(given.lengths) ?? usualLengths(data),
		queries: whole(given.queries, 1, 100_000) ?? 256,
		variant: one(VARIANTS, given.variant, 'standard'),
		filler: one(FILLERS, given.filler, 'no-keys'),
		seed: whole(given.seed, 0, 2 ** 31) ?? 0,
		stops: whole(given.stops, 0, Number.MAX_SAFE_INTEGER) ?? 0,
		failures: given.failures !== false,
		cell: whole(given.cell, 0, 1000) ?? -1,
		chosen: typeof given.chosen === 'string' ? given.chosen : '',
		pointed: typeof given.pointed === 'string' ? given.pointed : '',
	};
}

function whole(value: unknown, least: number, most: number): number | undefined {
	return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
		? (value as number)
		: undefined;
}

/** `4, 8, 16` as typed, one number, or a list; undefined where none is a whole number above 0. */
function numbersOf(value: unknown): number[] | undefined {
	const parts = typeof value === 'string' ? value.split(/[\s,;]+/) : [value].flat();
	const numbers = parts
		.map((part) => whole(Number(part === '' ? NaN : part), 1, 1_000_000))
		.filter((number) => number !== undefined);
	return numbers.length > 0 ? [...new Set(numbers)].sort((a, b) => a - b) : undefined;
}

export function taskOf({ vocabulary }: RecallData, state: RecallState): Task {
	const { variant, filler, seed } = state;
	return {
		vocabulary,
		passes: variant === 'two-passes' ? 2 : 1,
		renewed: variant === 'renewed-all' ? 1 : variant === 'renewed-half' ? 0.5 : 0,
		filler,
		seed,
	};
}

export function cellsOf(data: RecallData, state: RecallState): Cell[] {
	const task = taskOf(data, state);
	return state.lengths.flatMap((length) =>
		state.pairs.map((pairs) => ({ pairs, length })).filter((cell) => hasRoom(task, cell)),
	);
}

export function isStopped({ stops }: RecallState): boolean {
	return stops % 2 === 1;
}

export function focus(_data: RecallData, state: RecallState): RecallState {
	return state;
}

export function controls(
	data: RecallData,
	state: RecallState,
	known: Known,
): Control<keyof RecallState>[] {
	const { done, planned } = progressOf(data, state, known);
	const stop: Control<keyof RecallState> = {
		kind: 'button',
		field: 'stops',
		label: isStopped(state) ? 'Resume' : 'Stop',
		icon: isStopped(state) ? 'play' : 'debug-stop',
		help: 'What was asked so far is kept.',
	};
	return [
		{ kind: 'text', field: 'pairs', label: 'Pairs', placeholder: '4, 8, 16, 32' },
		...(data.tokenModel.length === undefined
			? [{ kind: 'text', field: 'lengths', label: 'Lengths', placeholder: '64, 128' } as const]
			: []),
		{ kind: 'slider', field: 'queries', label: 'Queries a cell', min: 64, max: 1024, step: 64 },
		{
			kind: 'choice',
			field: 'variant',
			label: 'Task',
			options: [
				{ value: 'standard', label: 'each pair once' },
				{ value: 'renewed-half', label: 'half the keys get a new value' },
				{ value: 'renewed-all', label: 'all keys get a new value' },
				{ value: 'two-passes', label: 'all pairs twice' },
			],
		},
		{
			kind: 'choice',
			field: 'filler',
			label: 'Filler',
			help: 'What stands between the queries.',
			options: [
				{ value: 'no-keys', label: 'random, no key asked for' },
				{ value: 'any', label: 'random (as in Zoology)' },
				{ value: 'none', label: 'token 0' },
			],
		},
		{ kind: 'button', field: 'seed', label: 'New examples', icon: 'refresh' },
		{ kind: 'toggle', field: 'failures', label: 'Failures only' },
		...(done < planned ? [stop] : []),
	];
}

export function act(
	data: RecallData,
	state: RecallState,
	{ kind, target, row, column }: SceneEvent,
	known: Known,
): RecallState {
	if (kind === 'leave') return { ...state, pointed: '' };
	if (target === 'cells') {
		if (kind === 'point') return { ...state, pointed: `cell ${row}` };
		return { ...state, cell: state.cell === row ? -1 : row };
	}
	if (target.startsWith('strip')) return { ...state, pointed: `${target} ${column}` };
	if (target !== 'rows') return state;
	const name = shownRows(data, state, known).rows[row]?.name ?? '';
	if (kind === 'point') return { ...state, pointed: name };
	return { ...state, chosen: name === state.chosen ? '' : name };
}
