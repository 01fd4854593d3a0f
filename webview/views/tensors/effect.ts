import type { NamedTensor, ReadsTensors } from '../../view-api/named-tensor.ts';
import type { ViewContext } from '../../view-api/view.ts';

/** One row of an output: the last axis, at one place of the others. */
export interface ChangedRow {
	/** Counting rows of the output from 0; in `[1, T, V]` the token. */
	readonly row: number;
	/** Index of the largest value, before and after. */
	readonly before: number;
	readonly after: number;
	/** Softmax probability of `before` in the unedited row, and of `after` in the edited one. */
	readonly certain: readonly [number, number];
}

/** How far an edited run's output lies from the model's own. */
export interface Effect {
	readonly output: string;
	readonly shape: readonly number[];
	/** Largest |difference|, and where. */
	readonly largest: number;
	readonly at: readonly number[];
	/** ‖difference‖ / ‖own‖ */
	readonly relative: number;
	/** Largest |difference| of each row, `[rows]`. */
	readonly byRow: Float32Array;
	/** Rows whose largest value is another one; those of the largest difference first, at most 200. */
	readonly changed: readonly ChangedRow[];
	readonly changedCount: number;
	/** Values that are no finite number in one run and not in the other. */
	readonly broken: number;
}

const MOST_CHANGED = 200;

export async function effectOn(
	context: ViewContext,
	outputs: readonly string[],
	edited: ReadsTensors,
): Promise<Effect[]> {
	const effects: Effect[] = [];
	for (const name of outputs) {
		const [own, other] = [await context.tensor(name), await edited.tensor(name)];
		effects.push(effectOf(own, await own.read(), await other.read()));
	}
	return effects;
}

export function effectOf(
	{ name, shape }: Pick<NamedTensor, 'name' | 'shape'>,
	own: Float32Array,
	other: Float32Array,
): Effect {
	const width = Math.max(1, shape.at(-1) ?? 1);
	const rows = own.length / width;
	const byRow = new Float32Array(rows);
	const changed: ChangedRow[] = [];
	let [largest, where, squares, size, broken] = [0, 0, 0, 0, 0];
	for (let row = 0; row < rows; row++) {
		const before = own.subarray(row * width, (row + 1) * width);
		const after = other.subarray(row * width, (row + 1) * width);
		for (let at = 0; at < width; at++) {
			const [a, b] = [before[at]!, after[at]!];
			if (Number.isFinite(a)) size += a * a;
			if (a === b || Object.is(a, b)) continue;
			const apart = Math.abs(b - a);
			if (!Number.isFinite(apart)) {
				broken++;
				continue;
			}
			squares += apart * apart;
			if (apart > byRow[row]!) byRow[row] = apart;
			if (apart > largest) [largest, where] = [apart, row * width + at];
		}
		const [first, then] = [best(before), best(after)];
		if (width > 1 && first !== then)
			changed.push({ row, before: first, after: then, certain: [share(before, first), share(after, then)] }); // prettier-ignore
	}
	return {
		output: name,
		shape,
		largest,
		at: placeOf(where, shape),
		relative: squares === 0 ? 0 : Math.sqrt(squares / (size || 1)),
		byRow,
		changed: changed.toSorted((a, b) => byRow[b.row]! - byRow[a.row]!).slice(0, MOST_CHANGED),
		changedCount: changed.length,
		broken,
	};
}

function best(row: Float32Array): number {
	return row.reduce((most, value, at) => (value > row[most]! ? at : most), 0);
}

/** Of the softmax of a row, the share of one value. */
function share(row: Float32Array, at: number): number {
	const most = row[best(row)]!;
	const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
	return Math.exp(row[at]! - most) / sum;
}

export function placeOf(at: number, shape: readonly number[]): number[] {
	const place: number[] = [];
	let rest = at;
	for (const size of shape.toReversed()) {
		place.unshift(rest % size);
		rest = Math.floor(rest / size);
	}
	return place;
}
