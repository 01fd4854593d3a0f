import type {
	AttentionResults,
	MatrixShape,
	Rectangle,
	WeightPyramid,
} from './attention-results.ts';
import { cellsOf, checkHead, checkRectangle } from './check-rectangle.ts';
import { headsOf } from './head-arrays.ts';
import { inParts } from './parts.ts';
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
	const { B, H, T, S, V } = shape;

	const forEachRow = (
		use: (row: Float64Array, index: number, b: number, h: number, t: number) => void,
	) => {
		for (let b = 0; b < B; b++) {
			for (let h = 0; h < H; h++) {
				for (let t = 0; t < T; t++) use(matrix.row(b, h, t), (b * H + h) * T + t, b, h, t);
			}
		}
	};

	/** Row t of `M·V`, and what is added to it, from row t of `M`. */
	const answers = () => {
		const group = H / matrix.valueHeads;
		const valuesOf = headsOf(operator, 'v', matrix.v, S, V);
		return (row: Float64Array, b: number, h: number, t: number): Float64Array => {
			const values = valuesOf(b, Math.floor(h / group));
			const answer = matrix.carry?.(b, h, t) ?? new Float64Array(V);
			for (let j = 0; j < S; j++) {
				const weight = row[j]!;
				if (weight === 0) continue;
				for (let d = 0; d < V; d++) answer[d]! += weight * values[j * V + d]!;
			}
			return answer;
		};
	};

	const product = (): Float64Array => {
		const output = new Float64Array(B * H * T * V);
		const answer = answers();
		forEachRow((row, index, b, h, t) => output.set(answer(row, b, h, t), index * V));
		return output;
	};

	/** Sums of `(M·V − given)²` and `given²`, a pair a head, told of one row after another. */
	const squares = (given: Strided) => {
		checkReach(operator, 'the given output', given, [B, H, T, V]);
		const expected = arrayOf(operator, 'the given output', given);
		const answer = answers();
		const sums = new Float64Array(B * H * 2);
		const add = (row: Float64Array, b: number, h: number, t: number) => {
			const at = (b * H + h) * 2;
			answer(row, b, h, t).forEach((value, d) => {
				const wanted = expected[indexOf(given, b, h, t, d)]!;
				sums[at]! += (value - wanted) ** 2;
				sums[at + 1]! += wanted ** 2;
			});
		};
		return { sums, add };
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
				const { batch, head, rows } = rectangle;
				const pool = pooling(rectangle, cellsOf(operator, rectangle, most));
				for (let t = rows[0]; t < rows[1]; t++) pool.add(matrix.row(batch, head, t), t);
				return pool.pyramid();
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
				const { sums, add } = squares(given);
				forEachRow((row, _index, b, h, t) => add(row, b, h, t));
				return residualOf(B * H, sums);
			}),
		overview: async ({ given, batch, most }, step) => {
			await Promise.resolve();
			checkHead(operator, shape, batch, 0);
			const { sums, add } = squares(given);
			const whole = { batch, rows: [0, T], columns: [0, S] } as const;
			const cells = cellsOf(operator, { ...whole, head: 0 }, most);
			const fields = new Float64Array(B * H * T * STATISTIC_FIELDS);
			const pools = Array.from({ length: H }, (_, head) => pooling({ ...whole, head }, cells));
			await inParts(B * H, T * S * (V + 64), step, async ({ firstHead, heads }) => {
				for (let index = firstHead; index < firstHead + heads; index++) {
					const [b, h] = [Math.floor(index / H), index % H];
					for (let t = 0; t < T; t++) {
						const row = matrix.row(b, h, t);
						add(row, b, h, t);
						const statistics = statisticsOfRow(row, t + queryOffset);
						fields.set(statistics, (index * T + t) * STATISTIC_FIELDS);
						if (b === batch) pools[h]!.add(row, t);
					}
				}
				await Promise.resolve();
			});
			return {
				residual: residualOf(B * H, sums),
				statistics: splitStatistics(fields),
				pyramids: pools.map((pool) => pool.pyramid()),
			};
		},
	};
}

/** Pools a rectangle, told of one row of `M` after another. */
function pooling(rectangle: Rectangle, { cellSize, cells }: ReturnType<typeof cellsOf>) {
	const { rows, columns } = rectangle;
	const length = cells[0] * cells[1];
	const sum = new Float64Array(length);
	const count = new Float64Array(length);
	const max = new Float32Array(length).fill(-Infinity);
	const min = new Float32Array(length).fill(Infinity);
	return {
		add(row: Float64Array, t: number): void {
			const first = Math.floor((t - rows[0]) / cellSize[0]) * cells[1];
			for (let j = columns[0]; j < columns[1]; j++) {
				const cell = first + Math.floor((j - columns[0]) / cellSize[1]);
				const value = row[j]!;
				sum[cell]! += value;
				count[cell]! += 1;
				if (value > max[cell]!) max[cell] = value;
				if (value < min[cell]!) min[cell] = value;
			}
		},
		pyramid: (): WeightPyramid => ({
			...rectangle,
			cellSize,
			cells,
			mean: Float32Array.from(sum, (s, i) => s / count[i]!),
			max,
			min,
		}),
	};
}

/** Entropy, largest, where, self, distance, negative, mass: `RowStatistics` says what they mean. */
export function statisticsOfRow(row: Float64Array, own: number): readonly number[] {
	let mass = 0;
	let at = 0;
	for (let j = 0; j < row.length; j++) {
		const size = Math.abs(row[j]!);
		mass += size;
		if (size > Math.abs(row[at]!)) at = j;
	}
	if (mass === 0) return [0, 0, 0, 0, 0, 0, 0];
	let entropy = 0;
	let distance = 0;
	let negative = 0;
	for (let j = 0; j < row.length; j++) {
		const share = Math.abs(row[j]!) / mass;
		if (share === 0) continue;
		entropy -= share * Math.log(share);
		distance += share * Math.abs(own - j);
		if (row[j]! < 0) negative += share;
	}
	return [entropy, row[at]!, at, Math.abs(row[own] ?? 0) / mass, distance, negative, mass];
}

/** Results are promises on both backends; here the work runs when asked and errors reject. */
async function later<Result>(compute: () => Result): Promise<Result> {
	await Promise.resolve();
	return compute();
}
