import type { AttentionSite } from '../../../../extension/protocol/model.ts';
import type { ModelInput } from '../../../../extension/protocol/run.ts';
import type { Override, ViewContext } from '../../../view-api/view.ts';
import { SiteTensorError } from '../../../view-api/site-tensors.ts';
import type { Grid } from './grid.ts';

/** Values of the tensors of a shared layer, read back. */
export interface GridTensors {
	readonly grid: Grid;
	/** Grids side by side. */
	readonly batch: number;
	readonly H: number;
	readonly T: number;
	readonly K: number;
	readonly F: number;
	/** `[batch·M·N, H, T, K]`. */
	readonly q: Float32Array<ArrayBuffer>;
	readonly k: Float32Array<ArrayBuffer>;
	readonly v: Float32Array<ArrayBuffer>;
	/** `[M, N, K]` of ±1. */
	readonly keys: Float32Array<ArrayBuffer>;
	/** `[F, K]`. */
	readonly projection: Float32Array<ArrayBuffer>;
	/** What the operator's output is held against. */
	readonly output: Float32Array<ArrayBuffer>;
	/** `[batch·M·N, …]`: what each channel gets back. */
	readonly unbound: Float32Array<ArrayBuffer>;
	/** `[batch·M·N, classes]`. */
	readonly scores: Float32Array;
	readonly classes: number;
	readonly milliseconds: number;
}

const ROLES = ['q', 'k', 'v', 'keys', 'projection', 'output', 'unbound'] as const;

/** Runs the real model on grids of sequences and reads a shared layer. @throws SiteTensorError */
export async function runGrid(
	context: ViewContext,
	site: AttentionSite,
	input: ModelInput,
	grid: Grid,
): Promise<GridTensors> {
	const names = ROLES.map((role) => nameOf(site, role));
	const started = performance.now();
	const run = await context.again({ input, taps: [...new Set(names)] });
	try {
		const scored = await scoresOf(context, run);
		const milliseconds = performance.now() - started;
		const tensors = await Promise.all(names.map((name) => run.tensor(name)));
		const [q, k, v, keys, projection, output, unbound] = await Promise.all(
			tensors.map((tensor) => tensor.read()),
		);
		const [batch = 1, , , H = 1, T = 1, K = 1] = tensors[0]!.shape;
		const F = tensors[4]!.shape[1] ?? 1;
		return {
			...{ grid, batch, H, T, K, F, milliseconds, ...scored },
			...{ q: q!, k: k!, v: v!, keys: keys!, output: output!, unbound: unbound! },
			projection: turned(projection!, K, F),
		};
	} finally {
		run.release();
	}
}

function nameOf({ tensors }: AttentionSite, role: string): string {
	const tensor = tensors[role];
	if (!tensor) throw new SiteTensorError(`The graph has no tensor that can be read as ${role}.`);
	return tensor.name;
}

function turned(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
	return Float32Array.from(
		{ length: values.length },
		(_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!,
	);
}

interface Scores {
	readonly scores: Float32Array;
	readonly classes: number;
}

/** The model's first output, one row of class scores a cell. */
async function scoresOf(
	{ model }: ViewContext,
	run: {
		tensor(name: string): Promise<{ shape: readonly number[]; read(): Promise<Float32Array> }>;
	},
): Promise<Scores> {
	const tensor = await run.tensor(model.outputs[0]!.name);
	return { scores: await tensor.read(), classes: tensor.shape.at(-1) ?? 1 };
}

/** Class scores alone, and how long the run took. */
export async function runScores(
	context: ViewContext,
	input: ModelInput,
	overrides: readonly Override[] = [],
): Promise<Scores & { readonly milliseconds: number }> {
	const started = performance.now();
	const run = await context.again({ input, taps: [], overrides });
	try {
		const scores = await scoresOf(context, run);
		return { ...scores, milliseconds: performance.now() - started };
	} finally {
		run.release();
	}
}

/**
 * Class scores where every channel is unbound with the key of its neighbour: to the right in its row, the last one's the first's.
 * The real model runs on from there.
 */
export async function runWithWrongKeys(
	context: ViewContext,
	site: AttentionSite,
	input: ModelInput,
	{ rows, columns }: Grid,
): Promise<Scores> {
	const [unboundName, keysName] = [nameOf(site, 'unbound'), nameOf(site, 'unbindKeys')];
	const run = await context.again({ input, taps: [unboundName, keysName] });
	let override: Override;
	try {
		const unbound = await run.tensor(unboundName);
		const keys = await (await run.tensor(keysName)).read();
		const width = keys.length / (rows * columns);
		const right = await unbound.read();
		const perCell = right.length / (unbound.shape[0]! * rows * columns);
		// a key times another: multiplying with it takes the one off and puts the other on
		const values = right.map((value, at) => {
			const cell = Math.floor(at / perCell) % (rows * columns);
			const row = Math.floor(cell / columns) * columns;
			const other = row + (((cell % columns) + 1) % columns);
			const channel = at % width;
			return value * keys[cell * width + channel]! * keys[other * width + channel]!;
		});
		override = { tensor: unboundName, dtype: unbound.dtype, shape: unbound.shape, values };
	} finally {
		run.release();
	}
	return runScores(context, input, [override]);
}

/** The largest of each row, and its share of a softmax. */
export function answersOf({ scores, classes }: Scores): { said: number; sure: number }[] {
	return Array.from({ length: scores.length / classes }, (_, cell) => {
		const row = scores.subarray(cell * classes, (cell + 1) * classes);
		const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
		const sum = row.reduce((total, score) => total + Math.exp(score - most), 0);
		return { said: row.indexOf(most), sure: 1 / sum };
	});
}
