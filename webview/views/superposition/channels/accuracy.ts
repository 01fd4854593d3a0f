import type { ViewContext } from '../../../view-api/view.ts';
import { floats } from '../layer/code.ts';
import { cellsIn, gridInput, gridOf, withSequences, type GridSite } from './grid.ts';
import { answersOf, runScores, runWithWrongKeys } from './run-grid.ts';

/** Sequences of one question. */
const PART = 128;

/** Some of the stored sequences, laid out as grids of one size. */
export interface AccuracyQuery {
	readonly kind: 'accuracy';
	readonly site: string;
	readonly grid: string;
	readonly swap: boolean;
	readonly part: number;
}

export interface Accuracy {
	readonly kind: 'accuracy';
	readonly right: number;
	readonly of: number;
	/** A sequence. */
	readonly milliseconds: number;
}

/** Sequences with their classes that stand beside a model. */
export interface StoredSequences {
	readonly file: string;
	readonly count: number;
	/** Questions that they are asked in. */
	readonly parts: number;
}

/** An archive beside the model with `tokens` `[sequences, length]` and `labels` `[sequences]`. */
export async function findSequences(
	context: ViewContext,
	names: readonly string[],
): Promise<StoredSequences | null> {
	const length = gridInput(context.input)?.shape[3];
	for (const file of names.filter((name) => name.endsWith('.npz'))) {
		const { arrays } = await context.files.describe(file);
		const shapeOf = (name: string) => arrays.find((array) => array.name === name)?.shape;
		const [tokens, labels] = [shapeOf('tokens'), shapeOf('labels')];
		if (tokens?.length !== 2 || tokens[1] !== length || labels?.[0] !== tokens[0]) continue;
		return { file, count: tokens[0]!, parts: Math.ceil(tokens[0]! / PART) };
	}
	return null;
}

export async function accuracyOf(
	context: ViewContext,
	stored: StoredSequences,
	{ site }: GridSite,
	{ grid: name, part, swap }: Omit<AccuracyQuery, 'kind' | 'site'>,
): Promise<Accuracy> {
	const grid = gridOf(name);
	const tokens = await context.files.read(stored.file, 'tokens');
	const labels = floats((await context.files.read(stored.file, 'labels')).values);
	const [, length = 1] = tokens.shape;
	const all = floats(tokens.values);
	const { dtype } = gridInput(context.input)!;
	const cells = cellsIn(grid);
	const from = part * PART;
	const count = Math.floor((Math.min(from + PART, stored.count) - from) / cells) * cells;
	const sequences = Array.from({ length: count }, (_, at) =>
		encoded(all.subarray((from + at) * length, (from + at + 1) * length), dtype),
	);
	const input = withSequences(context.input, sequences, grid);
	const started = performance.now();
	const scores = swap
		? await runWithWrongKeys(context, site, input, grid)
		: await runScores(context, input);
	const milliseconds = (performance.now() - started) / count;
	const right = answersOf(scores).filter(({ said }, at) => said === labels[from + at]).length;
	return { kind: 'accuracy', right, of: count, milliseconds };
}

function encoded(ids: Float32Array, dtype: string): Uint8Array {
	if (dtype === 'int64') return new Uint8Array(BigInt64Array.from(ids, (id) => BigInt(id)).buffer);
	if (dtype === 'int32') return new Uint8Array(Int32Array.from(ids).buffer);
	return new Uint8Array(ids.slice().buffer);
}
