import type { Dimension, ModelIndex } from '../onnx/model-index.ts';
import type { InputTensor, ModelInput } from '../protocol/run.ts';
import { encodeElements, isElementType } from './element-types.ts';
import { InputError } from './input-error.ts';
import { openSymbols, symbolOf, sumOf, type OpenSizes } from './open-sizes.ts';
import { pictureAxes } from './pixel-values.ts';
import { neededInputs, shapeText, tokenInput, type NeededInput } from './model-inputs.ts';

/** Sizes for axes that a model leaves open where nobody said any. */
export interface Assumed {
	readonly tokens: number;
	/** Of a picture, pixels. */
	readonly side: number;
	/** Sequences or pictures. */
	readonly batch: number;
}
export const firstAssumed: Assumed = { tokens: 32, side: 224, batch: 1 };
/** 256 MB of float32: an input that nobody chose should not fill the memory. */
const mostElements = 2 ** 26;

/** The source of an input that nobody chose. */
export const madeUpSource = 'a made-up input';

/** Token ids that a user chose, and what to write on the axes. */
export interface ChosenTokens {
	readonly ids: readonly number[];
	readonly words: readonly string[];
	readonly source: string;
}

export interface MadeFrom {
	/** Sizes for the axes that the model leaves open, by their symbol. */
	readonly sizes?: OpenSizes;
	/** Draws other ids and other floats; ids count up where there is none. */
	readonly seed?: number;
	/** Tensors that a file gave; the others are made up to fit them. */
	readonly given?: readonly InputTensor[];
	/** Where they came from. */
	readonly source?: string;
	readonly assumed?: Assumed;
}

/**
 * Every input of a model, made from names, element types and shapes: masks of ones, positions counting up, empty caches,
 * and `chosen` or a ramp of ids. The note says what was assumed.
 *
 * @throws InputError `unfit` where the model takes no ids though some were chosen, or an input cannot be made up
 */
export function makeInput(
	index: ModelIndex,
	chosen?: ChosenTokens,
	{ sizes: asked = {}, seed, given = [], source, assumed = firstAssumed }: MadeFrom = {},
): ModelInput {
	const needed = neededInputs(index);
	const ids = tokenInput(needed);
	if (chosen && !ids)
		throw new InputError(
			'unfit',
			`No input of the model takes token ids; it takes ${needed.map(({ name, dtype, shape }) => `${name} (${dtype} ${shapeText(shape)})`).join(', ')}.`,
		);
	const length = chosen?.ids.length ?? declaredLength(ids ?? needed[0]) ?? assumed.tokens;
	const sizes = new Sizes(needed, asked, given, ids ?? needed[0], { ...assumed, tokens: length });
	const random = seeded(seed ?? 1);
	const tensors = needed.map((input) => {
		const tensor = given.find(({ name }) => name === input.name);
		if (tensor) return tensor;
		if (input !== ids) return madeTensor(input, sizes, random);
		return idsTensor(input, sizes, chosen?.ids, seed === undefined ? undefined : random);
	});
	const isGiven = ({ name }: NeededInput) => given.some((tensor) => tensor.name === name);
	const others = needed
		.filter((input) => !isGiven(input) && (input !== ids || given.length > 0))
		.map(({ name }) => name);
	const madeUp = chosen === undefined && given.length === 0;
	return {
		source: chosen?.source ?? source ?? (seed === undefined ? madeUpSource : `a random input, seed ${seed}`), // prettier-ignore
		tensors,
		tokens: [...(chosen?.words ?? [])],
		labels: [],
		note: [
			!madeUp
				? ''
				: seed === undefined
					? 'No prompt.json stands beside the model, so the input was made up.'
					: `Drawn at random with seed ${seed}.`,
			others.length > 0 ? `Filled in from their names and types: ${others.join(', ')}.` : '',
		]
			.filter((sentence) => sentence !== '')
			.join(' '),
	};
}

/** The sizes that `makeInput` takes for the open axes of a model where nobody said any. */
export function assumedSizes(index: ModelIndex, from: MadeFrom = {}): OpenSizes {
	const { tensors } = makeInput(index, undefined, from);
	const made = new Map(tensors.map(({ name, shape }) => [name, shape]));
	const symbols = new Set(openSymbols(index));
	const entries = neededInputs(index).flatMap(({ name, shape }) =>
		(shape ?? []).flatMap((size, axis): [string, number][] => {
			const symbol = symbolOf(name, axis, size);
			return typeof size === 'number' || !symbols.has(symbol)
				? []
				: [[symbol, made.get(name)?.[axis] ?? 1]];
		}),
	);
	return Object.fromEntries(entries);
}

/** Ids have tokens on their last axis, rows of features before it, heads before those. */
function tokenAxis({ vocabulary, shape }: NeededInput): number {
	const rank = shape?.length ?? 2;
	return vocabulary !== null || rank < 3 ? rank - 1 : rank - 2;
}

function declaredLength(input: NeededInput | undefined): number | undefined {
	const declared = input?.shape?.[tokenAxis(input)];
	return typeof declared === 'number' ? declared : undefined;
}

const isCache = (name: string) => /past|cache/i.test(name);

/**
 * The axis of a decoder's own cache that holds its keys, where an exporter numbers axes instead of naming them: the only
 * one left open. What an encoder made is not empty.
 */
function numberedKeys({ name, shape }: NeededInput): string | undefined {
	if (!isCache(name) || /enc|cross/i.test(name) || shape?.length !== 4) return undefined;
	const open = shape.slice(1).filter((size) => typeof size !== 'number');
	const [only] = open;
	return open.length === 1 && typeof only === 'string' && /^\D{0,6}\d+$/.test(only) ? only : undefined; // prettier-ignore
}

/** Sizes for the axes that a file leaves open: those asked for, those of given tensors, else one sequence of the given length. */
class Sizes {
	private readonly known: Map<string, number>;

	constructor(
		private readonly needed: readonly NeededInput[],
		asked: OpenSizes,
		given: readonly InputTensor[],
		private readonly leading: NeededInput | undefined,
		private readonly assumed: Assumed,
	) {
		this.known = new Map(Object.entries(asked));
		for (const tensor of given) {
			const shape = needed.find(({ name }) => name === tensor.name)?.shape;
			shape?.forEach((size, axis) => {
				const got = tensor.shape[axis];
				if (typeof size !== 'number' && got !== undefined)
					this.known.set(symbolOf(tensor.name, axis, size), got);
			});
		}
		const axes = leading?.shape ?? [];
		if (axes.length > 1) this.assume(axes[0], assumed.batch);
		this.assume(axes.length > 1 ? axes[1] : axes[0], assumed.tokens);
		for (const cache of needed) this.assume(numberedKeys(cache), 0);
	}

	of(input: NeededInput): number[] {
		const picture = pictureAxes(input) !== undefined;
		return (input.shape ?? [1, null]).map((size, axis) => {
			if (typeof size === 'number') return size;
			const symbol = symbolOf(input.name, axis, size);
			const known = this.known.get(symbol);
			if (known !== undefined) return known;
			if (picture && axis > 0) return this.assumed.side;
			if (size === null || size === '')
				return axis === 0 ? this.assumed.batch : this.assumed.tokens;
			return sumOf(symbol, (part) => this.known.get(part) ?? this.guess(part, axis));
		});
	}

	/** How many tokens are fed. */
	tokens(): number {
		return this.leading ? (this.of(this.leading)[tokenAxis(this.leading)] ?? 1) : 1;
	}

	/** How many keys a cache has room for; 0 where there is none. */
	cached(): number {
		const cache = this.needed.find(({ name, shape }) => isCache(name) && (shape?.length ?? 0) > 3);
		return cache ? (this.of(cache).at(-2) ?? 0) : 0;
	}

	private assume(symbol: Dimension | undefined, size: number): void {
		if (typeof symbol === 'string' && symbol !== '' && !this.known.has(symbol))
			this.known.set(symbol, size);
	}

	private guess(symbol: string, axis: number): number {
		if (isCache(symbol) && !/total/i.test(symbol)) return 0;
		if (/batch/i.test(symbol)) return this.assumed.batch;
		return axis === 0 && !/seq|len|tok/i.test(symbol) ? this.assumed.batch : this.assumed.tokens;
	}
}

/** Ids drawn for a model whose vocabulary is not known. */
const assumedVocabulary = 1000;

function idsTensor(
	input: NeededInput,
	sizes: Sizes,
	chosen: readonly number[] | undefined,
	random: (() => number) | undefined,
): InputTensor {
	const shape = sizes.of(input);
	const count = countOf(input, shape);
	const most = input.vocabulary ?? Infinity;
	const drawn = random && (() => Math.floor(random() * Math.min(most, assumedVocabulary)));
	return tensorOf(
		input,
		chosen ? [...shape.slice(0, -1), chosen.length] : shape,
		chosen ?? Array.from({ length: count }, (_, i) => drawn?.() ?? i % most),
	);
}

function madeTensor(input: NeededInput, sizes: Sizes, random: () => number): InputTensor {
	const shape = sizes.of(input);
	const count = countOf(input, shape);
	const last = shape.at(-1) ?? 1;
	const value = meantValue(input, last, sizes) ?? valueFor(input, random);
	return tensorOf(input, shape, Array.from({ length: count }, value));
}

function meantValue(
	{ meaning }: NeededInput,
	last: number,
	sizes: Sizes,
): ((_: unknown, i: number) => number) | undefined {
	switch (meaning) {
		case 'positions':
			return (_, i) => i % last;
		case 'tokens':
			return () => sizes.tokens();
		case 'keys':
			return () => sizes.cached() + sizes.tokens();
		case 'last':
			return () => sizes.cached() + sizes.tokens() - 1;
		case 'past':
			return () => Math.max(0, sizes.cached() - sizes.tokens());
		case 'one':
			return () => 1;
		case null:
			return undefined;
	}
}

function valueFor(
	{ name, dtype }: NeededInput,
	random: () => number,
): (_: unknown, i: number) => number {
	if (/mask/i.test(name)) return () => 1;
	if (dtype === 'bool' || dtype.includes('int') || isCache(name) || /state/i.test(name))
		return () => 0;
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
