import type { ModelIndex } from '../onnx/model-index.ts';
import type { ModelInput } from '../protocol/run.ts';
import { InputError } from './input-error.ts';
import {
	assumedSizes,
	firstAssumed,
	makeInput,
	type Assumed,
	type MadeFrom,
} from './make-input.ts';
import { neededInputs } from './model-inputs.ts';
import { sizesText } from './open-sizes.ts';

/**
 * What to assume next where a model does not run on 32 tokens, or on a picture of 224 pixels: first less, for tables of
 * positions and masks that end earlier; then lengths that chunks and windows divide; then those of sound.
 */
const tries: readonly Assumed[] = (
	[
		[16, 32],
		[8, 64],
		[64, 128],
		[1, 256],
		[128, 96],
		[4, 16],
		[49, 512],
		[512, 384],
		[196, 448],
		[4096, 28],
		[16384, 640],
	] as const
).map(([tokens, side]) => ({ ...firstAssumed, tokens, side }));

/** How many lengths are taken from one refusal. */
const MOST_HINTS = 6;

/**
 * Made-up inputs of other sizes than those first assumed, for a model that refused them; each says so in its note. There are
 * none where the model leaves no size open, or all were chosen.
 */
export class OtherInputs {
	private readonly tried: Set<string>;
	private readonly refused: string;
	private readonly waiting: Assumed[];

	constructor(
		private readonly index: ModelIndex,
		private readonly from: MadeFrom = {},
	) {
		this.tried = new Set([shapesOf(makeInput(index, undefined, from))]);
		this.refused = sizesText(assumedSizes(index, from));
		this.waiting = [...batchesOf(index), ...tries];
	}

	/**
	 * The next one to try; null after the last.
	 * @param why what the runtime had against the one before, which often names the length that it was exported with
	 */
	next(why: string): ModelInput | null {
		this.waiting.unshift(...hintsIn(why).map((tokens) => ({ ...firstAssumed, tokens })));
		for (let assumed = this.waiting.shift(); assumed; assumed = this.waiting.shift()) {
			const input = this.untried(assumed);
			if (input) return input;
		}
		return null;
	}

	private untried(assumed: Assumed): ModelInput | null {
		const from = { ...this.from, assumed };
		const input = fitting(this.index, from);
		if (!input || this.tried.has(shapesOf(input))) return null;
		this.tried.add(shapesOf(input));
		const taken = sizesText(assumedSizes(this.index, from));
		const note = `The model does not run on ${this.refused}, so ${taken} was taken.`;
		return { ...input, note: `${input.note} ${note}` };
	}
}

/** A model whose state or mask is of a fixed number of sequences takes no other, though its tokens' batch is left open. */
function batchesOf(index: ModelIndex): Assumed[] {
	const firstSizes = neededInputs(index).flatMap(({ shape }) => shape?.[0] ?? []);
	const batches = new Set(firstSizes.filter((size) => typeof size === 'number' && size > 1));
	return [...batches].map((batch) => ({ ...firstAssumed, batch: Number(batch) }));
}

/** `11 by 32` names two lengths; an element count such as 352 is a length times another number that is named. */
function hintsIn(why: string): number[] {
	const named = [...why.matchAll(/(?<![\w.])\d+(?![\w.])/g)].map(([digits]) => Number(digits));
	const numbers = [...new Set(named)].filter((number) => number > 1 && number <= 2 ** 20);
	const shares = numbers.flatMap((whole) =>
		numbers.filter((part) => part < whole && whole % part === 0).map((part) => whole / part),
	);
	return [...new Set([...numbers, ...shares])]
		.filter((length) => length > 1 && length <= 4096)
		.slice(0, MOST_HINTS);
}

function fitting(index: ModelIndex, from: MadeFrom): ModelInput | undefined {
	try {
		return makeInput(index, undefined, from);
	} catch (error) {
		if (error instanceof InputError) return undefined;
		throw error;
	}
}

function shapesOf({ tensors }: ModelInput): string {
	return JSON.stringify(tensors.map(({ shape }) => shape));
}

/** The made-up inputs of each model: which is on trial, and which come after it. */
export class InputTrials {
	private readonly trials = new Map<
		string,
		{ readonly of: string; readonly others: OtherInputs; now: ModelInput }
	>();

	/** @param model whichever state of the file it is; a new one starts over */
	now(model: string, index: ModelIndex, from: MadeFrom): ModelInput {
		const of = JSON.stringify([from.sizes, from.seed]);
		const known = this.trials.get(model);
		if (known?.of === of) return known.now;
		const now = makeInput(index, undefined, from);
		this.trials.set(model, { of, now, others: new OtherInputs(index, from) });
		return now;
	}

	/** Goes on to the next, as `OtherInputs`; null, and back to the first, after the last. */
	next(model: string, why: string): ModelInput | null {
		const trial = this.trials.get(model);
		const next = trial?.others.next(why) ?? null;
		if (trial && next) trial.now = next;
		else this.forget(model);
		return next;
	}

	forget(model: string): void {
		this.trials.delete(model);
	}
}
