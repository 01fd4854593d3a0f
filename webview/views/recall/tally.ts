import { wilson, type Interval } from '../../../kernels/recall/recall.ts';
import type { Asked } from './probe.ts';
import type { Cell } from './task.ts';

/** How many of the queries asked were answered right, with the 95 % interval of their share. */
export interface Tally extends Interval {
	readonly asked: number;
	readonly right: number;
	/** NaN where nothing was asked. */
	readonly accuracy: number;
}

export interface CellTally extends Tally, Cell {
	/** Queries that the probe means to ask. */
	readonly planned: number;
}

export interface DistanceTally extends Tally {
	/** Tokens between the value and its query, both ends included. */
	readonly from: number;
	readonly to: number;
}

export function tally(asked: readonly Asked[]): Tally {
	return tallyOf(asked.filter(({ rank }) => rank === 0).length, asked.length);
}

export function tallyOf(right: number, asked: number): Tally {
	return { asked, right, accuracy: right / asked, ...wilson(right, asked) };
}

/** By the distance from value to query, in bins that double: 1 to 4, 5 to 8, 9 to 16, … */
export function byDistance(asked: readonly Asked[]): DistanceTally[] {
	const bins = new Map<number, Asked[]>();
	for (const each of asked) {
		const to = Math.max(4, 2 ** Math.ceil(Math.log2(each.queryAt - each.valueAt)));
		const bin = bins.get(to);
		if (bin) bin.push(each);
		else bins.set(to, [each]);
	}
	return [...bins]
		.sort(([a], [b]) => a - b)
		.map(([to, each]) => ({ from: to === 4 ? 1 : to / 2 + 1, to, ...tally(each) }));
}

/** Shares that need no memory: any value token, and any value of the example. */
export function chances(vocabulary: number, pairs: number): { any: number; shown: number } {
	return { any: 1 / (vocabulary - Math.floor(vocabulary / 2)), shown: 1 / pairs };
}
