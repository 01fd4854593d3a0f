import type { AttentionResults, MatrixShape } from './attention-results.ts';
import { cellsOf, checkRectangle } from './check-rectangle.ts';
import { residualOf, splitStatistics, STATISTIC_FIELDS } from './result-parts.ts';
import { arrayOf, checkReach, indexOf, type Strided } from './tensors.ts';

/** What an operator's float64 reference tells so that every result can be computed from rows of `M`. */
export interface RowMatrix {
	readonly operator: string;
	readonly shape: MatrixShape;
	readonly v: Strided;
	readonly valueHeads: number;
	readonly queryOffset: number;
	/** Row t of `M` for one head: S numbers. */
	row(batch: number, head: number, t: number): Float64Array;
	/** What is added to row t of `M·V`, V numbers: the answers of an initial state. */
	carry?(batch: number, head: number, t: number): Float64Array;
	/** `[B, H, T, V]`, where the operator has a way to it other than `M·V`. */
	output?(): Float64Array;
}

/** Every result of the family in float64 on the CPU, one row of `M` at a time. */
export function rowResults(matrix: RowMatrix): AttentionResults {
	const { operator, shape, queryOffset } = matrix;
	const { B, H, T, V } = shape;

	const forEachRow = (
		use: (row: Float64Array, index: number, b: number, h: number, t: number) => void,
	) => {
		for (let b = 0; b < B; b++) {
			for (let h = 0; h < H; h++) {
				for (let t = 0; t < T; t++) use(matrix.row(b, h, t), (b * H + h) * T + t, b, h, t);
			}
		}
	};

	const product = (): Float64Array => {
		const output = new Float64Array(B * H * T * V);
		const values = arrayOf(operator, 'v', matrix.v);
		const group = H / matrix.valueHeads;
		forEachRow((row, index, b, h, t) => {
			if (matrix.carry) output.set(matrix.carry(b, h, t), index * V);
			row.forEach((weight, j) => {
				if (weight === 0) return;
				for (let d = 0; d < V; d++) {
					output[index * V + d]! +=
						weight * values[indexOf(matrix.v, b, Math.floor(h / group), j, d)]!;
				}
			});
		});
		return output;
	};

	return {
		shape,
		backend: 'reference',
		output: () => later(() => Float32Array.from(matrix.output?.() ?? product())),
		weights: (rectangle) =>
			later(() => {
				checkRectangle(operator, rectangle, shape);
				const { batch, head, rows, columns } = rectangle;
				const width = columns[1] - columns[0];
				const values = new Float32Array((rows[1] - rows[0]) * width);
				for (let t = rows[0]; t < rows[1]; t++) {
					values.set(matrix.row(batch, head, t).subarray(...columns), (t - rows[0]) * width);
				}
				return { ...rectangle, values };
			}),
		pyramid: (rectangle, most) =>
			later(() => {
				checkRectangle(operator, rectangle, shape);
				const { batch, head, rows, columns } = rectangle;
				const { cellSize, cells } = cellsOf(operator, rectangle, most);
				const length = cells[0] * cells[1];
				const sum = new Float64Array(length);
				const count = new Float64Array(length);
				const max = new Float32Array(length).fill(-Infinity);
				const min = new Float32Array(length).fill(Infinity);
				for (let t = rows[0]; t < rows[1]; t++) {
					const row = matrix.row(batch, head, t);
					for (let j = columns[0]; j < columns[1]; j++) {
						const cell =
							Math.floor((t - rows[0]) / cellSize[0]) * cells[1] +
							Math.floor((j - columns[0]) / cellSize[1]);
						sum[cell]! += row[j]!;
						count[cell]! += 1;
						max[cell] = Math.max(max[cell]!, row[j]!);
						min[cell] = Math.min(min[cell]!, row[j]!);
					}
				}
				return {
					...rectangle,
					cellSize,
					cells,
					mean: Float32Array.from(sum, (s, i) => s / count[i]!),
					max,
					min,
				};
			}),
		rowStatistics: () =>
			later(() => {
				const fields = new Float64Array(B * H * T * STATISTIC_FIELDS);
				forEachRow((row, index, _b, _h, t) => {
					fields.set(statisticsOfRow(row, t + queryOffset), index * STATISTIC_FIELDS);
				});
				return splitStatistics(fields);
			}),
		residual: (given) =>
			later(() => {
				checkReach(operator, 'the given output', given, [B, H, T, V]);
				const expected = arrayOf(operator, 'the given output', given);
				const output = product();
				return residualOf(B * H, (head) => {
					const [b, h] = [Math.floor(head / H), head % H];
					let apart = 0;
					let size = 0;
					for (let t = 0; t < T; t++) {
						for (let d = 0; d < V; d++) {
							const value = expected[indexOf(given, b, h, t, d)]!;
							apart += (output[(head * T + t) * V + d]! - value) ** 2;
							size += value ** 2;
						}
					}
					return [apart, size];
				});
			}),
	};
}

/** Entropy, largest, where, self, distance, negative, mass: `RowStatistics` says what they mean. */
export function statisticsOfRow(row: Float64Array, own: number): readonly number[] {
	let mass = 0;
	let at = 0;
	row.forEach((value, j) => {
		mass += Math.abs(value);
		if (Math.abs(value) > Math.abs(row[at]!)) at = j;
	});
	if (mass === 0) return [0, 0, 0, 0, 0, 0, 0];
	let entropy = 0;
	let distance = 0;
	let negative = 0;
	row.forEach((value, j) => {
		const share = Math.abs(value) / mass;
		if (share > 0) entropy -= share * Math.log(share);
		distance += share * Math.abs(own - j);
		if (value < 0) negative += share;
	});
	return [entropy, row[at]!, at, Math.abs(row[own] ?? 0) / mass, distance, negative, mass];
}

/** Results are promises on both backends; here the work runs when asked and errors reject. */
async function later<Result>(compute: () => Result): Promise<Result> {
	await Promise.resolve();
	return compute();
}
