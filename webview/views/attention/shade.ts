import type { ImageMark } from '../../view-api/scene.ts';
import type { PooledWeights } from './compute.ts';
import { isExact, type Shown } from './shown.ts';

type Shaded = Pick<Shown, 'measured' | 'picture' | 'state'>;

/** What the ends of the ramp stand for: weights of both signs reach as far as the head's largest. */
export function domainOf({ measured, state }: Shaded, head: number): readonly [number, number] {
	if (!measured.signed) return [0, 1];
	const { B, H, T } = measured;
	const reach = state.relative
		? 1
		: largestOf(measured, Math.min(state.batch, B - 1), head % H, 0, T - 1);
	return [-reach, reach];
}

export function scaleLabel(shown: Shaded, weights: PooledWeights | undefined): string {
	const { state, measured } = shown;
	const own = measured.signed ? 'weight (of either sign)' : 'attention weight (share of 1)';
	const what = state.relative ? 'weight ÷ size of the largest of its query' : own;
	if (!weights || isExact(weights)) return what;
	return `${what}, largest of ${weights.cellSize.join(' × ')} cells`;
}

const shaded = new WeakMap<
	PooledWeights,
	{ readonly key: string; readonly values: Float32Array }
>();

/**
 * The values that are coloured, `[cells down, cells across]`: NaN where no query of the cell may see a key of it, and
 * under the threshold. The same input gives the same array, so that it is painted once.
 */
export function shade(weights: PooledWeights, shown: Shaded, head: number): Float32Array {
	const { relative, threshold, batch } = shown.state;
	const key = `${batch}/${head}/${relative}/${threshold}`;
	const known = shaded.get(weights);
	if (known?.key === key) return known.values;
	const { cells, cellSize, rows, columns } = weights;
	const values = new Float32Array(weights.values);
	const least = threshold * domainOf(shown, head)[1];
	for (let down = 0; down < cells[0]; down++) {
		const first = rows[0] + down * cellSize[0];
		const last = Math.min(rows[1], first + cellSize[0]) - 1;
		const [from, to] = seenBetween(shown, first, last);
		const largest = relative ? largestOf(shown.measured, batch, head, first, last) : 1;
		for (let across = 0; across < cells[1]; across++) {
			const at = down * cells[1] + across;
			const start = columns[0] + across * cellSize[1];
			const value = largest > 0 ? values[at]! / largest : 0;
			const hidden = start > to || start + cellSize[1] <= from;
			values[at] = hidden || Math.abs(value) < least ? NaN : value;
		}
	}
	shaded.set(weights, { key, values });
	return values;
}

/** First and last key that any of these queries may see, as far as the form of the mask tells. */
function seenBetween({ picture, measured }: Shaded, first: number, last: number): [number, number] {
	const { site } = picture;
	const { S, queryOffset } = measured;
	const to = site.mask === 'causal' ? Math.min(S - 1, last + queryOffset) : S - 1;
	return [site.window === null ? 0 : first + queryOffset - site.window + 1, to];
}

function largestOf(
	{ H, T, largest }: Shown['measured'],
	batch: number,
	head: number,
	first: number,
	last: number,
): number {
	const at = (batch * H + head) * T;
	return largest.subarray(at + first, at + last + 1).reduce((a, x) => Math.max(a, Math.abs(x)), 0);
}

/** A head's weights as one mark. */
export function weightImage(
	weights: PooledWeights,
	shown: Shaded,
	head: number,
	box: Pick<ImageMark, 'x' | 'y' | 'width' | 'height'>,
): ImageMark {
	return {
		kind: 'image',
		...box,
		rows: weights.cells[0],
		columns: weights.cells[1],
		values: shade(weights, shown, head),
		domain: domainOf(shown, head),
		ramp: shown.measured.signed ? 'diverging' : 'sequential',
	};
}
