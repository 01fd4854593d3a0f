import type { Dimension, ModelIndex } from '../onnx/model-index.ts';
import type { InputTensor, ModelInput } from '../protocol/run.ts';
import { encodeElements, isElementType } from './element-types.ts';
import { InputError } from './input-error.ts';
import { neededInputs, shapeText, tokenInput, type NeededInput } from './model-inputs.ts';

const assumedTokens = 32;
/** 256 MB of float32: an input that nobody chose should not fill the memory. */
const mostElements = 2 ** 26;

/** Token ids that a user chose, and what to write on the axes. */
export interface ChosenTokens {
	readonly ids: readonly number[];
	readonly words: readonly string[];
	readonly source: string;
}

/**
 * Every input of a model, made from names, element types and shapes: masks of ones, positions counting up, empty caches,
 * and `chosen` or a ramp of ids. The note says what was assumed.
 *
 * @throws InputError `unfit` where the model takes no ids though some were chosen, or an input cannot be made up
 */
export function makeInput(index: ModelIndex, chosen?: ChosenTokens): ModelInput {
	const needed = neededInputs(index);
	const ids = tokenInput(needed);
	if (chosen && !ids)
		throw new InputError(
			'unfit',
			`No input of the model takes token ids; it takes ${needed.map(({ name, dtype, shape }) => `${name} (${dtype} ${shapeText(shape)})`).join(', ')}.`,
		);
	const length = chosen?.ids.length ?? assumedLength(ids ?? needed[0]);
	const sizes = new Sizes(ids ?? needed[0], length);
	const tensors = needed.map((input) =>
		input === ids ? idsTensor(input, sizes, chosen?.ids) : madeTensor(input, sizes),
	);
	const others = needed.filter((input) => input !== ids).map(({ name }) => name);
	return {
		source: chosen?.source ?? 'a made-up input',
		tensors,
		tokens: [...(chosen?.words ?? [])],
		labels: [],
		note: [
			chosen ? '' : 'No prompt.json stands beside the model, so the input was made up.',
			others.length > 0 ? `Filled in from their names and types: ${others.join(', ')}.` : '',
		]
			.filter((sentence) => sentence !== '')
			.join(' '),
	};
}

function assumedLength(input: NeededInput | undefined): number {
	const declared =
		input?.shape?.[
			input.vocabulary === null && input.shape.length > 2 ? 1 : input.shape.length - 1
		];
	return typeof declared === 'number' ? declared : assumedTokens;
}

/** Sizes for the axes that a file leaves open: one sequence of the given length. */
class Sizes {
	private readonly known = new Map<string, number>();

	constructor(
		leading: NeededInput | undefined,
		private readonly length: number,
	) {
		const axes = leading?.shape ?? [];
		if (axes.length > 1 && typeof axes[0] === 'string') this.known.set(axes[0], 1);
		const tokens = axes.length > 1 ? axes[1] : axes[0];
		if (typeof tokens === 'string') this.known.set(tokens, length);
	}

	of(shape: readonly Dimension[] | null): number[] {
		return (shape ?? [1, null]).map((size, axis) => {
			if (typeof size === 'number') return size;
			if (size === null || size === '') return axis === 0 ? 1 : this.length;
			return this.known.get(size) ?? this.guess(size, axis);
		});
	}

	private guess(symbol: string, axis: number): number {
		if (/past|cache/i.test(symbol) && !/\+|total/i.test(symbol)) return 0;
		if (/batch/i.test(symbol)) return 1;
		return axis === 0 && !/seq|len|tok/i.test(symbol) ? 1 : this.length;
	}
}

function idsTensor(input: NeededInput, sizes: Sizes, chosen?: readonly number[]): InputTensor {
	const shape = sizes.of(input.shape);
	const count = countOf(input, shape);
	const most = input.vocabulary ?? Infinity;
	return tensorOf(
		input,
		chosen ? [...shape.slice(0, -1), chosen.length] : shape,
		chosen ?? Array.from({ length: count }, (_, i) => i % most),
	);
}

function madeTensor(input: NeededInput, sizes: Sizes): InputTensor {
	const shape = sizes.of(input.shape);
	const count = countOf(input, shape);
	const last = shape.at(-1) ?? 1;
	return tensorOf(input, shape, Array.from({ length: count }, valueFor(input, last)));
}

function valueFor({ name, dtype }: NeededInput, last: number): (_: unknown, i: number) => number {
	if (/mask/i.test(name)) return () => 1;
	if (/position/i.test(name)) return (_, i) => i % last;
	if (dtype === 'bool' || dtype.includes('int') || /past|cache|state/i.test(name)) return () => 0;
	const random = seeded(1);
	// a sum of four uniforms is near enough to normal; its variance is a third
	return () => Math.sqrt(3) * (random() + random() + random() + random() - 2);
}

function countOf({ name }: NeededInput, shape: readonly number[]): number {
	const count = shape.reduce((a, b) => a * b, 1);
	if (count > mostElements)
		throw new InputError(
			'unfit',
			`The model's input ${name} would have ${count} elements, too many to make up: choose an input file.`,
		);
	return count;
}

function tensorOf(
	input: NeededInput,
	shape: readonly number[],
	values: readonly number[],
): InputTensor {
	const { name, dtype } = input;
	if (!isElementType(dtype))
		throw new InputError(
			'unfit',
			`The model's input ${name} is ${dtype}, which cannot be made up.`,
		);
	return { name, dtype, shape: [...shape], data: encodeElements(dtype, values) };
}

/** Uniform in 0..1. Mulberry32. */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
