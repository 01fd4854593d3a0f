import { boolean, bytes, count, listOf, record, tableOf, text, type Parsed } from './parse.ts';

/** A file of the workspace that holds arrays: `.safetensors` or `.npz`. */
export const arrayFile = record({
	/** Relative to the workspace folder, or to the model's where it stands outside; a whole URI where the user picked it. */
	path: text,
	bytes: count,
	/** In the folder of the model. */
	beside: boolean,
});
export type ArrayFile = Parsed<typeof arrayFile>;

/** What such a file holds, without the numbers. */
export const arrayFileContent = record({
	/** Its own words about itself; empty for `.npz`. */
	metadata: tableOf(text),
	arrays: listOf(record({ name: text, dtype: text, shape: listOf(count) })),
});
export type ArrayFileContent = Parsed<typeof arrayFileContent>;

/** One array; whatever it is stored as, `values` are little-endian float32, row-major. */
export const storedArray = record({ shape: listOf(count), values: bytes });
export type StoredArray = Parsed<typeof storedArray>;
