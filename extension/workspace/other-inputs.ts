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
const tries = [
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
] as const;

/**
 * Made-up inputs of other sizes than those first assumed, for a model that refused them; each says so in its note. None
 * where the model leaves no size open, or all were chosen.
 */
export function* otherInputs(
	index: ModelIndex,
	from: MadeFrom = {},
): Generator<ModelInput, undefined> {
	const refused = assumedSizes(index, from);
	const tried = new Set([shapesOf(makeInput(index, undefined, from))]);
	for (const assumed of assumptions(index)) {
		const made = { ...from, assumed };
		const input = fitting(index, made);
		if (!input || tried.has(shapesOf(input))) continue;
		tried.add(shapesOf(input));
		const note = `The model does not run on ${sizesText(refused)}, so ${sizesText(assumedSizes(index, made))} was taken.`;
		yield { ...input, note: `${input.note} ${note}` };
	}
	return undefined;
}

/** A model whose state or mask is of a fixed number of sequences takes no other, though its tokens' batch is left open. */
function assumptions(index: ModelIndex): Assumed[] {
	const firstSizes = neededInputs(index).flatMap(({ shape }) => shape?.[0] ?? []);
	const batches = new Set(firstSizes.filter((size) => typeof size === 'number' && size > 1));
	return [
		...[...batches].map((batch) => ({ ...firstAssumed, batch: Number(batch) })),
		...tries.map(([tokens, side]) => ({ ...firstAssumed, tokens, side })),
	];
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
		{ readonly of: string; readonly rest: Generator<ModelInput, undefined>; now: ModelInput }
	>();

	/** @param model whichever state of the file it is; a new one starts over */
	now(model: string, index: ModelIndex, from: MadeFrom): ModelInput {
		const of = JSON.stringify([from.sizes, from.seed]);
		const known = this.trials.get(model);
		if (known?.of === of) return known.now;
		const now = makeInput(index, undefined, from);
		this.trials.set(model, { of, now, rest: otherInputs(index, from) });
		return now;
	}

	/** Goes on to the next; null, and back to the first, after the last. */
	next(model: string): ModelInput | null {
		const trial = this.trials.get(model);
		const next = trial?.rest.next();
		if (!trial || next?.done !== false) {
			this.forget(model);
			return null;
		}
		trial.now = next.value;
		return next.value;
	}

	forget(model: string): void {
		this.trials.delete(model);
	}
}
