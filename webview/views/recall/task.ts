import { mqar, type Filler, type MqarExample } from '../../../kernels/recall/recall.ts';

/** One question of the probe: so many pairs in sequences of this length. */
export interface Cell {
	readonly pairs: number;
	readonly length: number;
}

/** What the examples of a probe have in common. */
export interface Task {
	readonly vocabulary: number;
	readonly passes: number;
	/** Share of the keys that get a new value after the pairs. */
	readonly renewed: number;
	readonly filler: Filler;
	readonly seed: number;
}

/** So many examples of a cell as one run of the model takes. */
export interface Batch {
	readonly task: Task;
	readonly cell: Cell;
	/** Index of the first example; with the task and the cell it seeds them. */
	readonly from: number;
	readonly count: number;
}

/** Tokens that one run takes at most, so that a probe can be stopped about every second. */
const TOKENS_AT_ONCE = 4096;

/** The same examples for the same batch. */
export function examplesOf({ task, cell, from, count }: Batch): MqarExample[] {
	const { vocabulary, passes, filler, seed } = task;
	// apart from each other for any two cells and batches, whatever the user's seed
	const own = [cell.pairs, cell.length, from].reduce(
		(mixed, value) => (Math.imul(mixed ^ value, 0x9e3779b1) ^ (mixed >>> 13)) >>> 0,
		seed,
	);
	const updates = updatesOf(task, cell);
	return mqar({ ...cell, vocabulary, passes, updates, filler }, count, own);
}

function updatesOf({ renewed }: Task, { pairs }: Cell): number {
	return Math.round(renewed * pairs);
}

/** Every pair of the context in order, also those that are renewed later. */
export function writesOf(
	{ task, cell }: Batch,
	{ tokens }: MqarExample,
): { key: number; value: number; keyAt: number }[] {
	const count = cell.pairs * task.passes + updatesOf(task, cell);
	return Array.from({ length: count }, (_, at) => ({
		key: tokens[2 * at]!,
		value: tokens[2 * at + 1]!,
		keyAt: 2 * at,
	}));
}

/** Whether pairs, renewals and queries have room. */
export function hasRoom(task: Task, cell: Cell): boolean {
	const { vocabulary, passes } = task;
	const { pairs, length } = cell;
	const updates = updatesOf(task, cell);
	const half = Math.floor(vocabulary / 2);
	const tokens = 2 * (pairs * passes + updates) + 2 * pairs;
	return (
		length % 2 === 0 &&
		length < vocabulary &&
		tokens <= length &&
		pairs < half &&
		pairs + updates <= vocabulary - half
	);
}

/**
 * Every batch of a probe: about `queries` questions of each cell.
 *
 * @param sequences that the model takes at once; undefined where it takes any number
 */
export function batchesOf(
	task: Task,
	cells: readonly Cell[],
	queries: number,
	sequences: number | undefined,
): Batch[] {
	return cells.flatMap((cell) => {
		const examples = Math.ceil(queries / cell.pairs);
		const most = sequences ?? Math.max(1, Math.floor(TOKENS_AT_ONCE / cell.length));
		return Array.from({ length: Math.ceil(examples / most) }, (_, at) => {
			const from = at * most;
			// a model of a fixed batch is given all it takes
			return { task, cell, from, count: sequences ?? Math.min(most, examples - from) };
		});
	});
}
