import {
	keyGram,
	superposedAttention,
	unbinding,
	type SuperposedInputs,
	type SuperposedOptions,
} from '../../../../kernels/superposed-attention/superposed-attention.ts';
import { laidOut } from '../../../../kernels/common/tensors.ts';
import type { Proof } from '../../../../extension/protocol/run.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { cellsIn, cornerOf, gridName, gridOf, labelsOf, sequencesOf, withSequences, type Grid, type GridSite } from './grid.ts'; // prettier-ignore
import { answersOf, runGrid, runWithWrongKeys, type GridTensors } from './run-grid.ts';

/** Largest ‖M·V − O‖ / ‖O‖ of a verified layer; float32 sums in another order differ by about 1e-6. */
export const GRID_TOLERANCE = 1e-4;

export interface GridQuery {
	readonly kind: 'grid';
	readonly site: string;
	readonly grid: string;
	/** Whether every channel is unbound with its neighbour's key. */
	readonly swap: boolean;
}

export interface CellQuery {
	readonly kind: 'cell';
	readonly site: string;
	readonly grid: string;
	readonly cell: number;
	readonly head: number;
	readonly query: number;
	readonly key: number;
}

export interface Answer {
	/** −100 where none is known. */
	readonly label: number;
	readonly said: number;
	/** Softmax share of the class said, 0 to 1. */
	readonly sure: number;
}

/** What a grid of inputs looks like in one shared layer. C channels. */
export interface GridDetail {
	readonly kind: 'grid';
	/** `[C, C]`: A Aᵀ / K. */
	readonly gram: Float32Array;
	/** `[C, C]`: cosine of what key i unbinds with channel j's own values; SNR in dB a channel. */
	readonly values: Float32Array;
	readonly valueDecibels: readonly number[];
	/** The same of the layer's answers against those that each channel gets alone. */
	readonly answers: Float32Array;
	readonly answerDecibels: readonly number[];
	readonly together: readonly Answer[];
	readonly alone: readonly Answer[];
	/** Mean over queries of std over m of den_mn, over its mean: how blurry a shared denominator is. */
	readonly blur: number;
	readonly milliseconds: number;
	readonly proof: Proof;
}

/** How one channel attends, and one of its scores. */
export interface CellDetail {
	readonly kind: 'cell';
	readonly T: number;
	/** `[T, T]`: weights of its own grid row's keys, and those that it would have alone. */
	readonly together: Float32Array;
	readonly alone: Float32Array;
	/** Pearson's correlation of the two. */
	readonly correlation: number;
	/** `[M, N]`: the score's terms; the cell's own is the true one, the rest crosstalk. */
	readonly terms: readonly number[];
	readonly score: number;
	/** What the law says of crosstalk over score, √(MN − 1), and what all scores of this channel have. */
	readonly crosstalk: number;
}

/** What −10 log₁₀(MN − 1) says; ∞ for one channel. */
export function lawOf(grid: Grid): number {
	const others = cellsIn(grid) - 1;
	return others === 0 ? Infinity : -10 * Math.log10(others);
}

/** The layer's tensors on a grid, read once for all questions about it. */
const read = new WeakMap<object, Map<string, Promise<GridTensors>>>();

function tensorsOf(
	context: ViewContext,
	owner: object,
	{ site, id }: GridSite,
	grid: Grid,
): Promise<GridTensors> {
	const known = read.get(owner) ?? new Map<string, Promise<GridTensors>>();
	read.set(owner, known);
	const key = `${id} ${gridName(grid)}`;
	const found = known.get(key) ?? runGrid(context, site, cornerOf(context.input, grid), grid);
	known.set(key, found);
	return found;
}

function inputsOf({
	q,
	k,
	v,
	keys,
	projection,
	H,
	T,
	K,
	batch,
	grid,
}: GridTensors): SuperposedInputs {
	const sizes = [batch * cellsIn(grid), H, T, K] as const;
	const laid = (data: Float32Array<ArrayBuffer>) => laidOut(data, 'BHTK', sizes);
	return { q: laid(q), k: laid(k), v: laid(v), keys, projection };
}

const isShared = ({ site }: GridSite) => site.notes.includes('denominator: shared');

function optionsOf(owner: GridSite, ownRow = 0): SuperposedOptions {
	const note = owner.site.notes.find((words) => words.startsWith('random features: ')) ?? '';
	const [, features = 'relu', epsilon = '0.001'] = /: (\w+), epsilon ([\d.e-]+)/.exec(note) ?? [];
	return {
		features: features === 'exp' ? 'exp' : 'relu',
		epsilon: Number(epsilon),
		denominator: isShared(owner) ? 'shared' : 'cell',
		ownRow,
	};
}

const shapeOf = ({ batch, grid, H, T, K, F }: GridTensors) => ({
	...{ B: batch, M: grid.rows, N: grid.columns, H, T, K, F },
});

export async function gridDetail(
	context: ViewContext,
	owner: object,
	site: GridSite,
	{ grid: name, swap }: GridQuery,
): Promise<GridDetail> {
	const grid = gridOf(name);
	context.progress(`Running a grid of ${name}`);
	const tensors = await tensorsOf(context, owner, site, grid);
	const one = { rows: 1, columns: 1 };
	const apart = withSequences(context.input, sequencesOf(context.input, grid), one);
	const alone = await runGrid(context, site.site, apart, one);
	const scores = swap
		? await runWithWrongKeys(context, site.site, cornerOf(context.input, grid), grid)
		: tensors;
	// the first run of a grid also makes its session
	const again = await runGrid(context, site.site, cornerOf(context.input, grid), grid);
	const C = cellsIn(grid);
	const labels = labelsOf(context.input, grid);
	const size = { channels: C, tokens: tensors.H * tensors.T, width: tensors.K };
	const bound = unbinding(tensors.v, tensors.keys, size);
	const layer = superposedAttention(context.device, inputsOf(tensors), shapeOf(tensors), optionsOf(site)); // prettier-ignore
	return {
		kind: 'grid',
		gram: Float32Array.from(keyGram(tensors.keys, { channels: C, width: tensors.K })),
		values: Float32Array.from(bound.cosines),
		valueDecibels: Array.from(bound.snrDecibels),
		...compared(tensors.unbound, alone.unbound, C),
		together: named(answersOf(scores), labels),
		alone: named(answersOf(alone), labels),
		blur: blurOf(await layer.denominators(), tensors),
		milliseconds: again.milliseconds / C,
		proof: await proofOf(site, tensors, layer),
	};
}

type Layer = ReturnType<typeof superposedAttention>;

async function proofOf(site: GridSite, tensors: GridTensors, layer: Layer): Promise<Proof> {
	const { H, T, K, output } = tensors;
	const sizes = [output.length / (H * T * K), H, T, K] as const;
	const { overall } = await layer.residual(laidOut(output, 'BHTK', sizes));
	const verified = overall <= GRID_TOLERANCE;
	return {
		site: site.id,
		residual: overall,
		tolerance: GRID_TOLERANCE,
		probabilities: null,
		verified,
		reason: verified ? '' : 'The effective attention does not give the layer’s own output.',
	};
}

const named = (answers: { said: number; sure: number }[], labels: readonly number[]): Answer[] =>
	answers.map((answer, cell) => ({ ...answer, label: labels[cell] ?? -100 }));

/** Cosines and SNR of what channels get back together, against what they get alone. `[C, …]` both. */
function compared(together: Float32Array, alone: Float32Array, C: number) {
	const length = together.length / C;
	const part = (values: Float32Array, cell: number) => values.subarray(cell * length, (cell + 1) * length); // prettier-ignore
	const inner = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, at) => sum + x * b[at]!, 0);
	const answers = Float32Array.from({ length: C * C }, (_, at) => {
		const [own, other] = [part(together, Math.floor(at / C)), part(alone, at % C)];
		return inner(own, other) / Math.sqrt(inner(own, own) * inner(other, other)) || 0;
	});
	const answerDecibels = Array.from({ length: C }, (_, cell) => {
		const [own, true_] = [part(together, cell), part(alone, cell)];
		const noise = own.reduce((sum, x, at) => sum + (x - true_[at]!) ** 2, 0);
		return 10 * Math.log10(inner(true_, true_) / noise);
	});
	return { answers, answerDecibels };
}

/** @param dens `[B, M, N, H, T]` */
function blurOf(dens: Float32Array, { grid, batch, H, T }: GridTensors): number {
	const { rows: M, columns: N } = grid;
	const inside = N * H * T;
	let total = 0;
	for (let b = 0; b < batch; b++) {
		for (let at = 0; at < inside; at++) {
			const column = Array.from({ length: M }, (_, m) => dens[(b * M + m) * inside + at]!);
			const mean = column.reduce((sum, x) => sum + x, 0) / M;
			const square = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / M;
			total += Math.sqrt(square) / mean;
		}
	}
	return total / (batch * inside);
}

export async function cellDetail(
	context: ViewContext,
	owner: object,
	site: GridSite,
	{ grid: name, cell, head, query, key }: CellQuery,
): Promise<CellDetail> {
	const grid = gridOf(name);
	const tensors = await tensorsOf(context, owner, site, grid);
	const { H, T, K } = tensors;
	const row = Math.floor(cell / grid.columns);
	const layer = superposedAttention(context.device, inputsOf(tensors), shapeOf(tensors), optionsOf(site, row)); // prettier-ignore
	const batch = isShared(site) ? cell % grid.columns : cell;
	const whole = { head, rows: [0, T], columns: [0, T] } as const;
	const together = (await layer.weights({ ...whole, batch })).values;
	const one = (data: Float32Array) => data.slice(cell * H * T * K, (cell + 1) * H * T * K);
	const apart: GridTensors = {
		...tensors,
		...{ grid: { rows: 1, columns: 1 }, batch: 1 },
		...{ q: one(tensors.q), k: one(tensors.k), v: one(tensors.v) },
		keys: tensors.keys.slice(cell * K, (cell + 1) * K),
	};
	const single = superposedAttention(context.device, inputsOf(apart), shapeOf(apart), optionsOf(site)); // prettier-ignore
	const alone = (await single.weights({ ...whole, batch: 0 })).values;
	const { terms, score } = await layer.scoreTerms({ batch: cell, head, query, key });
	return {
		kind: 'cell',
		T,
		together: Float32Array.from(together),
		alone: Float32Array.from(alone),
		correlation: correlationOf(together, alone),
		terms: Array.from(terms),
		score,
		crosstalk: await crosstalkOf(layer, cell, head, T),
	};
}

/** Standard deviation of crosstalk over that of the true scores, on a sample of a channel's scores. */
async function crosstalkOf(layer: Layer, cell: number, head: number, T: number): Promise<number> {
	const step = Math.max(1, Math.floor(T / 8));
	let [own, cross] = [0, 0];
	for (let query = 0; query < T; query += step) {
		for (let key = 0; key < T; key += step) {
			const terms = await layer.scoreTerms({ batch: cell, head, query, key });
			own += terms.own ** 2;
			cross += (terms.score - terms.own) ** 2;
		}
	}
	return Math.sqrt(cross / own);
}

function correlationOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
	let [sa, sb, aa, bb, ab] = [0, 0, 0, 0, 0];
	for (let at = 0; at < a.length; at++) {
		const [x, y] = [a[at]!, b[at]!];
		[sa, sb, aa, bb, ab] = [sa + x, sb + y, aa + x * x, bb + y * y, ab + x * y];
	}
	const n = a.length;
	return (ab - (sa * sb) / n) / Math.sqrt((aa - (sa * sa) / n) * (bb - (sb * sb) / n));
}
