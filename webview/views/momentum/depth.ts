import type { ModelSummary, TokenStream } from '../../../extension/protocol/model.ts';
import type { ReadsTensors } from '../../view-api/named-tensor.ts';
import { readMixing, type Mixing } from './mixing.ts';
import { principalAxes, project, type Projection } from './principal.ts';
import { blocksOf } from './stream.ts';

/** Where the tokens are after a step and how they move there. T tokens. */
export interface Stage {
	/** Index of the layer, −1 before the first. */
	readonly block: number;
	/** Attention, or what follows it. */
	readonly kind: 'start' | 'attention' | 'forward';
	/** `[T, 2]` along the shared axes. */
	readonly xy: Float32Array;
	/** `[T, 2]`, the velocity as handed on; null for a stream without. */
	readonly arrows: Float32Array | null;
	/** Means over tokens: of ‖x‖, of ‖v‖ handed on, of the distance to the stage before. */
	readonly size: number;
	readonly speed: number | null;
	readonly displacement: number;
	/** Mean of ‖F‖ and of the cosine between the velocity that comes in and the force; null without either. */
	readonly force: number | null;
	readonly cosine: number | null;
}

/** One layer, all figures means a token. */
export interface LayerFigures {
	readonly site: string;
	/** Of the velocity that enters; null for none. */
	readonly kinetic: number | null;
	/** Null with a reason where the site cannot be computed. */
	readonly mixing: Mixing | null;
	readonly reason: string;
}

export interface Depth {
	readonly stages: readonly Stage[];
	readonly layers: readonly LayerFigures[];
}

interface Streamed {
	readonly values: Float32Array;
	readonly T: number;
	readonly width: number;
}

/** The first sequence of a tensor `[B, T, D]`. */
async function read(reads: ReadsTensors, name: string): Promise<Streamed> {
	const tensor = await reads.tensor(name);
	const [T = 1, width = 1] = tensor.shape.slice(-2);
	return { values: (await tensor.read()).subarray(0, T * width), T, width };
}

/** The axes that the positions of one run are drawn along; those of other runs share them. */
export async function readAxes(reads: ReadsTensors, stream: TokenStream): Promise<Projection> {
	const names = [stream.start, ...stream.steps.map(({ position }) => position)];
	const clouds = await Promise.all(names.map((name) => read(reads, name)));
	return principalAxes(
		clouds.map(({ values }) => values),
		clouds[0]!.width,
	);
}

export async function readDepth(
	reads: ReadsTensors,
	model: ModelSummary,
	axes: Projection | null,
	progress: (done: number, total: number) => void = () => undefined,
): Promise<Depth> {
	const { stream } = model;
	const blocks = blocksOf(model);
	const stages = stream && axes ? await readStages(reads, model, axes) : [];
	const layers: LayerFigures[] = [];
	const sites = blocks.length > 0 ? blocks.map(({ site }) => site) : model.sites.filter(({ cross }) => !cross); // prettier-ignore
	for (const [at, site] of sites.entries()) {
		progress(at, sites.length);
		const momentum = stream?.steps[blocks[at]?.from ?? -1]?.momentum ?? null;
		const kinetic = momentum ? await kineticOf(reads, momentum) : null;
		try {
			layers.push({ site: site.id, kinetic, mixing: await readMixing(reads, site), reason: '' });
		} catch (error) {
			if (!(error instanceof Error && ['SiteTensorError', 'RunError', 'KernelError'].includes(error.name))) throw error; // prettier-ignore
			layers.push({ site: site.id, kinetic, mixing: null, reason: error.message });
		}
	}
	return { stages, layers };
}

async function readStages(
	reads: ReadsTensors,
	model: ModelSummary,
	axes: Projection,
): Promise<Stage[]> {
	const { start, steps } = model.stream!;
	const blocks = blocksOf(model);
	const blockOf = (step: number) => blocks.findIndex(({ from, to }) => step >= from && step < to);
	const first = await read(reads, start);
	const begun = steps[0]?.momentum ? await read(reads, steps[0].momentum.velocityIn) : null;
	const stages: Stage[] = [
		{
			...{ block: -1, kind: 'start', displacement: 0, force: null, cosine: null },
			xy: project(first.values, axes, 'place'),
			arrows: begun && project(begun.values, axes, 'arrow'),
			size: meanNorm(first),
			speed: begun && meanNorm(begun),
		},
	];
	let before = first;
	for (const [at, { position, momentum, site }] of steps.entries()) {
		const now = await read(reads, position);
		const velocity = momentum && (await read(reads, momentum.velocity));
		const coming = momentum && (await read(reads, momentum.velocityIn));
		const force = momentum && (await read(reads, momentum.force));
		stages.push({
			block: blockOf(at),
			kind: site === null ? 'forward' : 'attention',
			xy: project(now.values, axes, 'place'),
			arrows: velocity && project(velocity.values, axes, 'arrow'),
			size: meanNorm(now),
			speed: velocity && meanNorm(velocity),
			displacement: meanNorm({ ...now, values: now.values.map((x, i) => x - before.values[i]!) }),
			force: force && meanNorm(force),
			cosine: coming && force && meanCosine(coming, force),
		});
		before = now;
	}
	return stages;
}

/** `½ ‖v‖²`, or with a mass `½ ⟨B p, p⟩ / z`. */
async function kineticOf(
	reads: ReadsTensors,
	{ velocityIn, mass, moved }: NonNullable<TokenStream['steps'][number]['momentum']>,
): Promise<number> {
	const { values, T, width } = await read(reads, velocityIn);
	const other = mass && moved ? (await read(reads, moved)).values : values;
	const divisors = mass && moved ? (await read(reads, mass)).values : undefined;
	let sum = 0;
	for (let t = 0; t < T; t++) {
		let product = 0;
		for (let d = 0; d < width; d++) product += values[t * width + d]! * other[t * width + d]!;
		sum += product / (divisors?.[t] ?? 1) / 2;
	}
	return sum / T;
}

function meanNorm({ values, T, width }: Streamed): number {
	let sum = 0;
	for (let t = 0; t < T; t++) {
		let square = 0;
		for (let d = 0; d < width; d++) square += values[t * width + d]! ** 2;
		sum += Math.sqrt(square);
	}
	return sum / T;
}

/** Over tokens where neither is nothing. */
function meanCosine(a: Streamed, b: Streamed): number | null {
	let [sum, count] = [0, 0];
	for (let t = 0; t < a.T; t++) {
		let [product, ofA, ofB] = [0, 0, 0];
		for (let d = 0; d < a.width; d++) {
			const [x, y] = [a.values[t * a.width + d]!, b.values[t * a.width + d]!];
			product += x * y;
			ofA += x * x;
			ofB += y * y;
		}
		if (ofA === 0 || ofB === 0) continue;
		sum += product / Math.sqrt(ofA * ofB);
		count++;
	}
	return count === 0 ? null : sum / count;
}
