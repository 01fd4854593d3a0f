import type { RecallData } from './compute.ts';
import type { Known } from './known.ts';
import type { Asked } from './probe.ts';
import { cellsOf, isStopped, taskOf, type RecallState } from './state.ts';
import { tally, type CellTally } from './tally.ts';
import { batchesOf, type Batch, type Cell } from './task.ts';

/** How far a probe has come. */
export interface Progress {
	readonly cells: readonly CellProgress[];
	/** Queries answered so far, and all that are to be asked. */
	readonly done: number;
	readonly planned: number;
	/** The batch to run next; undefined where all have been. */
	readonly next: Batch | undefined;
	/** Wall clock of what ran, ms. */
	readonly milliseconds: { readonly total: number; readonly model: number };
}

export interface CellProgress {
	readonly cell: Cell;
	readonly tally: CellTally;
	readonly asked: readonly Asked[];
}

export function progressOf(data: RecallData, state: RecallState, known: Known): Progress {
	let next: Batch | undefined;
	const milliseconds = { total: 0, model: 0 };
	const cells = cellsOf(data, state).map((cell): CellProgress => {
		const batches = plannedBatches(data, state, [cell]);
		const asked = batches.flatMap((batch) => {
			const result = known({ kind: 'batch', batch });
			if (result?.kind !== 'batch') {
				next ??= batch;
				return [];
			}
			milliseconds.total += result.milliseconds.total;
			milliseconds.model += result.milliseconds.model;
			return result.asked;
		});
		const planned = batches.reduce((sum, { count }) => sum + count * cell.pairs, 0);
		return { cell, asked, tally: { ...cell, planned, ...tally(asked) } };
	});
	const sum = (value: (each: CellProgress) => number) =>
		cells.reduce((total, each) => total + value(each), 0);
	return {
		cells,
		done: sum(({ asked }) => asked.length),
		planned: sum((each) => each.tally.planned),
		next,
		milliseconds,
	};
}

/** One batch at a time: what was asked stays, and the next is asked when the last is answered and nobody said stop. */
export function wantedBatches(data: RecallData, state: RecallState, known: Known): Batch[] {
	const all = plannedBatches(data, state, cellsOf(data, state));
	const answered = all.filter((batch) => known({ kind: 'batch', batch }) !== undefined);
	const { next } = progressOf(data, state, known);
	return next && !isStopped(state) ? [...answered, next] : answered;
}

export function plannedBatches(
	data: RecallData,
	state: RecallState,
	cells: readonly Cell[],
): Batch[] {
	return batchesOf(taskOf(data, state), cells, state.queries, data.tokenModel.batch);
}
