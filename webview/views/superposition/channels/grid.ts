import type { AttentionSite, ModelSummary } from '../../../../extension/protocol/model.ts';
import type { InputTensor, ModelInput } from '../../../../extension/protocol/run.ts';

/** Rows and columns of a grid of inputs. */
export interface Grid {
	readonly rows: number;
	readonly columns: number;
}

/** An attention layer that several inputs share. */
export interface GridSite {
	readonly id: string;
	readonly name: string;
	readonly site: AttentionSite;
	readonly heads: number;
	readonly tokens: number;
	/** Grids that the run's input can be cut to, smallest first, as `4x4`. */
	readonly grids: readonly string[];
}

export const gridName = ({ rows, columns }: Grid) => `${rows}x${columns}`;

/** Reads `4x4`; a grid of one for anything else. */
export function gridOf(name: string): Grid {
	const [, rows = '1', columns = '1'] = /^(\d+)x(\d+)$/.exec(name) ?? [];
	return { rows: Math.max(1, Number(rows)), columns: Math.max(1, Number(columns)) };
}

/** As people write it. */
export const written = (grid: string) => grid.replace('x', '×');

export const cellsIn = ({ rows, columns }: Grid) => rows * columns;

/** The input that is a grid: `[batch, rows, columns, tokens]`. */
export function gridInput({ tensors }: ModelInput): InputTensor | undefined {
	return tensors.find(({ shape }) => shape.length === 4);
}

export function gridSites({ sites }: ModelSummary, input: ModelInput): GridSite[] {
	const tensor = gridInput(input);
	if (!tensor) return [];
	const [, rows = 1, columns = 1, tokens = 1] = tensor.shape;
	const grids = [1, 2, 3, 4, 8].filter((side) => side < Math.min(rows, columns));
	return sites
		.filter(({ form, tensors }) => form === 'superposed' && tensors['projection'])
		.map((site) => ({
			id: site.id,
			name: site.path || site.id,
			site,
			heads: site.heads ?? 1,
			tokens,
			grids: [...grids.map((side) => `${side}x${side}`), `${rows}x${columns}`],
		}));
}

/** The same input with the top left of its grid alone, of its first batch entry. */
export function cornerOf(input: ModelInput, grid: Grid): ModelInput {
	return withSequences(input, sequencesOf(input, grid), grid);
}

/** The sequences of a grid's corner, row by row; raw bytes each. */
export function sequencesOf(input: ModelInput, { rows, columns }: Grid): Uint8Array[] {
	const { shape, data } = gridInput(input)!;
	const [batch = 1, M = 1, N = 1] = shape;
	const bytes = data.length / (batch * M * N);
	return Array.from({ length: rows * columns }, (_, cell) => {
		const at = Math.floor(cell / columns) * N + (cell % columns);
		return data.subarray(at * bytes, (at + 1) * bytes);
	});
}

/** Sequences laid out as grids, one after the other; their number is a multiple of a grid's cells. */
export function withSequences(
	input: ModelInput,
	sequences: readonly Uint8Array[],
	{ rows, columns }: Grid,
): ModelInput {
	const old = gridInput(input)!;
	const length = sequences[0]!.length;
	const data = new Uint8Array(length * sequences.length);
	sequences.forEach((sequence, at) => data.set(sequence, at * length));
	const shape = [sequences.length / (rows * columns), rows, columns, old.shape[3]!];
	const tensors = input.tensors.map((tensor) =>
		tensor === old ? { ...old, shape, data } : tensor,
	);
	return { ...input, tensors, labels: [] };
}

/** Expected classes of the corner's cells; −100 where none is given. */
export function labelsOf(input: ModelInput, { rows, columns }: Grid): number[] {
	const [, , N = 1] = gridInput(input)!.shape;
	return Array.from({ length: rows * columns }, (_, cell) => {
		const at = Math.floor(cell / columns) * N + (cell % columns);
		return input.labels[at] ?? -100;
	});
}
