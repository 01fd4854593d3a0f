import type { NamedTensor, ReadsTensors } from '../../view-api/named-tensor.ts';
import type { OtherRun, Override, ViewContext } from '../../view-api/view.ts';
import { readAnswers, type Answers } from './answers.ts';
import type { MomentumData } from './compute.ts';
import { readDepth, type Depth } from './depth.ts';
import { blocksOf, depthTaps } from './stream.ts';

/** What the model does with the velocity that enters every layer scaled. */
export interface Dialled {
	readonly kind: 'dial';
	/** 1 as trained, 0 without. */
	readonly momentum: number;
	readonly answers: Answers | null;
	/** Tokens whose largest logit is another one than the run's own. */
	readonly changed: number;
	readonly depth: Depth;
	/** Runs of the model that it took. */
	readonly runs: number;
}

/** A layer's entry: the two streams that all that follows depends on. */
interface Entry {
	readonly position: string;
	readonly velocity: string;
	/** The position that the entry's is the sum of, with the velocity itself as increment; null where it is another. */
	readonly before: string | null;
}

/**
 * Scales the velocity at the entry of every layer, in the real model. What enters a layer depends on the layers above it, so
 * the entries are set one after the other, a run each: position as it comes, velocity times `momentum`.
 */
export async function dial(
	context: ViewContext,
	data: MomentumData,
	momentum: number,
): Promise<Dialled> {
	const { model } = context;
	const entries = entriesOf(context);
	const values = new Map<string, Override>();
	for (const { position, velocity } of entries) {
		for (const name of [position, velocity]) values.set(name, await overrideOf(await context.tensor(name))); // prettier-ignore
	}
	const [first] = entries;
	if (first) scale(values, first.velocity, momentum);
	let run: OtherRun | undefined;
	let runs = 0;
	try {
		for (let at = 0; at < entries.length; at++) {
			context.signal.throwIfAborted();
			context.progress(`Running with momentum ${momentum}`, at, entries.length);
			run?.release();
			run = await context.again({ overrides: [...values.values()], taps: depthTaps(model) });
			runs++;
			const next = entries[at + 1];
			if (!next) continue;
			await enter(values, run, next);
			if (next.before === null) {
				// the position takes the velocity in some other way: it is read from a run that has it as it comes
				run.release();
				run = await context.again({ overrides: [...values.values()], taps: depthTaps(model) });
				runs++;
				values.set(next.position, await overrideOf(await run.tensor(next.position)));
			}
			scale(values, next.velocity, momentum);
		}
		if (!run) throw new Error('A model without velocities has no momentum to scale.');
		const answers = (await readAnswers(context, run)) ?? null;
		const own = data.answers?.given ?? [];
		const changed = answers ? answers.given.filter((id, t) => id !== own[t]).length : 0;
		const depth = await readDepth(withOverrides(run, values), model, data.axes);
		return { kind: 'dial', momentum, answers, changed, depth, runs };
	} finally {
		run?.release();
	}
}

function entriesOf({ model }: ViewContext): Entry[] {
	const steps = model.stream?.steps ?? [];
	return blocksOf(model).flatMap(({ from }) => {
		const step = steps[from]!;
		if (!step.momentum) return [];
		const { velocityIn } = step.momentum;
		const made = steps[from - 1];
		return [
			{
				position: step.before,
				velocity: velocityIn,
				before: made?.increment === velocityIn ? made.before : null,
			},
		];
	});
}

/** What comes to a layer's entry, as the model computed it there. */
async function enter(
	values: Map<string, Override>,
	run: OtherRun,
	{ position, velocity, before }: Entry,
): Promise<void> {
	const velocityNow = await overrideOf(await run.tensor(velocity));
	let positionNow = await overrideOf(await run.tensor(position));
	if (before !== null) {
		// the model's own sum has already taken the velocity that was put there
		const base = await (await run.tensor(before)).read();
		const sum = Float32Array.from(base, (x, i) => x + velocityNow.values[i]!);
		positionNow = { ...positionNow, values: sum };
	}
	values.set(position, positionNow);
	values.set(velocity, velocityNow);
}

function scale(values: Map<string, Override>, name: string, by: number): void {
	const found = values.get(name)!;
	values.set(name, { ...found, values: found.values.map((v) => v * by) });
}

async function overrideOf(tensor: NamedTensor): Promise<Override> {
	const { name, dtype, shape } = tensor;
	return { tensor: name, dtype, shape, values: (await tensor.read()).slice() };
}

/** What was put in a tensor's place is what the layers behind it saw. */
function withOverrides(run: OtherRun, values: ReadonlyMap<string, Override>): ReadsTensors {
	return {
		tensor: async (name) => {
			const own = await run.tensor(name);
			const put = values.get(name);
			if (!put) return own;
			const { dtype, shape } = own;
			return { name, dtype, shape, buffer: undefined, read: () => Promise.resolve(put.values) };
		},
	};
}
