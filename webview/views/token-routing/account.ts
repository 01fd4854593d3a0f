import type { RoutedLayer } from './compute.ts';

/** What a layer's routes cost in memory after the last token; four bytes a number. */
export interface Account {
	/** Share of chunks kept exactly. */
	readonly share: number;
	/** Rows of keys and values kept, of how many, over all heads. */
	readonly rows: number;
	readonly allRows: number;
	readonly keptBytes: number;
	readonly stateBytes: number;
	/** What all softmax would keep. */
	readonly allBytes: number;
}

/** @param kept `H·N` digits or numbers: 1 where a chunk is kept exactly; all heads, or those of one */
export function accountOf({ T, K, V, routes }: RoutedLayer, kept: ArrayLike<number>): Account {
	const { N, C } = routes;
	const heads = kept.length / N;
	let rows = 0;
	let chunks = 0;
	for (let at = 0; at < kept.length; at++) {
		const size = Math.min(C, T - (at % N) * C);
		if (kept[at]) chunks += 1;
		// a chunk that is not full yet is held exactly, whatever its route
		if (kept[at] || size < C) rows += size;
	}
	const row = (K + V) * 4;
	return {
		share: chunks / kept.length,
		rows,
		allRows: heads * T,
		keptBytes: rows * row,
		stateBytes: heads * K * V * 4,
		allBytes: heads * T * row,
	};
}

export const digits = (text: string): number[] => Array.from(text, Number);

export function bytesText(bytes: number): string {
	if (bytes < 1024) return `${bytes} B`;
	const [size, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KiB'] : [bytes / 1024 ** 2, 'MiB'];
	return `${size < 100 ? size.toPrecision(3) : Math.round(size).toLocaleString('en-US')} ${unit}`;
}
