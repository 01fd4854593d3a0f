import type { Filler } from '../../../kernels/recall/recall.ts';
import type { RecallData } from './compute.ts';
import { hasRoom, type Cell, type Task } from './task.ts';

const VARIANTS = ['standard', 'renewed-half', 'renewed-all', 'two-passes'] as const;
const LOOKS = ['probe', 'text'] as const;
const FILLERS: readonly Filler[] = ['no-keys', 'any', 'none'];

export interface RecallState {
	/** The probe, or the run's own text. */
	readonly look: (typeof LOOKS)[number];
	/** Index of the chosen recalled token of the text; −1 for none. */
	readonly hit: number;
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
	/** The head whose memory is shown, by name; empty for the one that the cause is about. */
	readonly memory: string;
	/** Tokens that the shown state has taken in; −1 for those up to the query. */
	readonly step: number;
	/** Whether other models are asked too, and which: `all`, addresses, or parts of paths. */
	readonly compare: boolean;
	readonly models: readonly string[];
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
		look: one(LOOKS, given.look, 'probe'),
		hit: whole(given.hit, 0, 1_000_000) ?? -1,
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
		memory: typeof given.memory === 'string' ? given.memory : '',
		step: whole(given.step, 0, 1_000_000) ?? -1,
		compare: given.compare === true,
		models: namesOf(given.models),
		pointed: typeof given.pointed === 'string' ? given.pointed : '',
	};
}

function whole(value: unknown, least: number, most: number): number | undefined {
	return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
		? (value as number)
		: undefined;
}

/** Names as a list, or as text with commas; all where nothing is said. */
function namesOf(value: unknown): string[] {
	const parts: unknown[] = typeof value === 'string' ? value.split(/\s*,\s*/) : [value].flat();
	const names = parts.filter((part): part is string => typeof part === 'string' && part !== '');
	return Array.isArray(value) || names.length > 0 ? names : ['all'];
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
