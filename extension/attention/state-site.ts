import type { Form, SiteTensor } from '../protocol/model.ts';
import type { Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './form.ts';
import type { Shape } from './inference.ts';
import type { Frame, Outside } from './state-frame.ts';
import type { Reading } from './state-reading.ts';
import type { StateUpdate } from './state-update.ts';
import { untouched, withoutOpenAxes } from './weights.ts';

/** A state that turns of a recurrence change, and how it is asked. */
export interface Recurrence {
	readonly frame: Frame;
	/** Of the state at some turn. */
	readonly shape: Shape | null;
	/** The last one as the graph around hands it out; empty where it does not. */
	readonly last: string;
	readonly update: StateUpdate;
	readonly reading: Reading;
	/** A state that the recurrence starts from; null for nothing. */
	readonly start: string | null;
}

/** A site without the node that it stands at. */
export function describeRecurrence(
	{ frame, shape, last, update, reading, start }: Recurrence,
	facts: Facts,
): Finding['site'] {
	const form = formOf(update);
	const notes: string[] = [];
	const { key, keyAxis, ...found } = keyAndValue(update, reading);
	const { value, strength } = apart(found.value, update, frame.around);
	const letters = new StateLetters(shape, keyAxis, update.decay, facts);
	const scales: number[] = [];
	const outside = (role: string, name: string | null, target: string): SiteTensor | null => {
		const source =
			name === null ? null : sourceOf(name, update.given && /^(k|v|beta)$/.test(role), frame);
		if (name !== null && !source)
			notes.push(`${role} is made inside the loop and cannot be read from outside`);
		if (!source) return null;
		const changes = source.changes.filter((change) => !(role === 'alpha' && change === 'Exp'));
		if (changes.length > 0)
			notes.push(`${role} passes through ${changes.join(', ')} inside the loop`);
		scales.push(source.factor);
		return { name: source.name, axes: letters.spell(source, target, frame.around) };
	};
	const alpha = decayTensor(update.decay, outside, frame, letters, facts, notes);
	const result = frame.resultOf(reading.product.output);
	if (!result) notes.push('the result of a turn is not collected as it is');
	else if (result.changes.length > 0)
		notes.push(`the result passes through ${result.changes.join(', ')} inside the loop`);
	const q = outside('q', reading.query, `${letters.batch}K`);
	const k = outside('k', key, `${letters.batch}K`);
	const v = outside('v', value, `${letters.batch}${letters.value}`);
	const scale = scales.reduce((product, factor) => product * factor, result?.factor ?? 1);
	const beta = strength === null ? null : outside('beta', strength, letters.batch);
	if (update.asksOtherwise)
		notes.push('what is taken off is asked with another vector than the key that is written');
	if (update.written.divisor !== undefined)
		notes.push(`what is written is divided by the tensor ${update.written.divisor}`);
	if (reading.adds) notes.push('the state is read with an extra share of its own token');
	if (start !== null) notes.push(startsFrom(start));
	const [asking, writing] = [
		[q, k, v],
		[v, k],
	].map((tensors) => tensors.map((tensor) => letters.headsOf(tensor, frame.around) ?? 0));
	return {
		form,
		kind: 'recurrent',
		operator: form,
		heads: Math.max(...asking!) || null,
		kvHeads: Math.max(...writing!) || Math.max(...asking!) || null,
		headSize: letters.keySize ?? letters.sizeIn(k, 'K', frame.around),
		scale,
		softCap: null,
		mask: 'causal',
		window: null,
		cross: false,
		tensors: {
			q,
			k: k && { ...k, axes: k.axes.replaceAll('T', 'S') },
			v: v && { ...v, axes: v.axes.replaceAll('T', 'S') },
			scores: null,
			weights: null,
			output: result && { name: result.name, axes: outputAxes(result, v, letters, frame.around) },
			alpha,
			beta,
			state: last === '' ? null : { name: last, axes: letters.state },
			initial: start === null ? null : { name: start, axes: letters.state },
		},
		maskMeans: null,
		confidence: 0.9,
		notes,
	};
}

/** What is written into one tensor turn by turn is laid out as the values are, where it has their shape. */
function outputAxes(result: Outside, v: SiteTensor | null, letters: StateLetters, around: Facts) {
	const [own, values] = [around.shapeOf(result.name), v && around.shapeOf(v.name)];
	const alike = own?.length === values?.length && own?.every((dim, at) => dim === values?.[at]);
	if (result.axis === 'own' && v && alike && v.axes !== '') return v.axes;
	return letters.spell(result, `${letters.batch}${letters.value}`, around);
}

/** What a matrix over the tokens of one run cannot show, in a sentence. */
export const startsFrom = (state: string): string =>
	`the state starts from ${state}: what that adds to each answer is no weight of the picture, and the proof counts it`;

function formOf({ decay, erases }: StateUpdate): Form {
	if (erases) return decay === null ? 'delta' : 'gated-delta';
	return decay === null ? 'linear' : 'gated';
}

/** A vector of a product that stands outside has its turns itself. */
function sourceOf(name: string, given: boolean, frame: Frame): Outside | null {
	if (!given) return frame.sourceOf(name);
	return { name: withoutOpenAxes(name, frame.around), axis: 'own', changes: [], factor: 1 };
}

/** Of the two vectors the key is the one along the axis that the query sums over, or that does not depend on the state. */
function keyAndValue({ written, dependent, value }: StateUpdate, { axis }: Reading) {
	const [a, b] = written.vectors;
	const [first, second] = written.axes;
	if (dependent !== null) {
		return {
			key: written.vectors[1 - dependent]!,
			value,
			keyAxis: axis ?? written.axes[1 - dependent]!,
		};
	}
	const aIsKey = axis === null || first === axis || (first === null && second !== axis);
	const keyAxis = axis ?? first;
	return aIsKey ? { key: a, value: value ?? b, keyAxis } : { key: b, value: value ?? a, keyAxis };
}

const strengths = new Set(['Softplus', 'Sigmoid', 'Exp']);

/** Of a value and what else multiplies it the strength is the one that a gate or a step size made. */
function apart(value: string | null, { written, strength, dependent }: StateUpdate, around: Facts) {
	const [factor = null] = written.factors;
	if (strength !== null || factor === null || value === null || dependent !== null)
		return { value, strength: strength ?? factor };
	const isGate = (name: string) =>
		strengths.has(around.scope.producerOf(untouched(name, around))?.opType ?? '');
	return isGate(value) && !isGate(factor)
		? { value: factor, strength: value }
		: { value, strength: factor };
}

type ToOutside = (role: string, name: string | null, target: string) => SiteTensor | null;

function decayTensor(
	decay: string | null,
	outside: ToOutside,
	frame: Frame,
	letters: StateLetters,
	facts: Facts,
	notes: string[],
): SiteTensor | null {
	if (decay === null) return null;
	if (facts.scope.isConstant(decay)) {
		const number = facts.numberOf(decay);
		if (number !== null) {
			notes.push(`the state is multiplied by ${number} in each turn`);
			return null;
		}
		const shape = facts.shapeOf(decay) ?? [];
		const own = letters.state.slice(letters.state.length - shape.length);
		return {
			name: decay,
			axes: Array.from(own)
				.map((letter, at) => (shape[at] === 1 ? '1' : letter))
				.join(''),
		};
	}
	const source = frame.sourceOf(decay);
	const rank = (source && frame.around.rankOf(source.name)) ?? 0;
	const perHead = rank - (source?.axis === null ? 0 : 1) === letters.batch.length;
	const alpha = outside('alpha', decay, perHead ? letters.batch : letters.decayed);
	if (source?.changes[0] === 'Exp') notes.push('alpha is the logarithm of the decay');
	return alpha;
}

/** What the axes of a state are, and of the tensors that it is made from. */
class StateLetters {
	/** Letters of the state's own axes; empty where its shape is not known. */
	readonly state: string;
	/** Those in front of keys and values. */
	readonly batch: string;
	/** Of a value's own axis; empty where each of its channels is a head of its own. */
	readonly value: string;
	readonly decayed: string;
	readonly keySize: number | null;
	private readonly sizes = new Map<string, Dim>();

	constructor(shape: Shape | null, keyAxis: number | null, decay: string | null, facts: Facts) {
		const rank = shape?.length ?? 4;
		const keyAt = keyAxis === null || keyAxis > 2 ? rank - 2 : rank - keyAxis;
		const valueAt = keyAt === rank - 1 ? rank - 2 : rank - 1;
		const before = ['', 'B', 'BH', 'BGH'][rank - 2] ?? '';
		// channels that forget at their own pace remember apart
		const apart = rank === 3 && variesAlong(decay, rank - valueAt, facts);
		this.batch = apart ? `${before}H` : before;
		this.value = apart ? '' : 'V';
		const all = Array.from({ length: rank }, (_, axis) =>
			axis === keyAt ? 'K' : axis === valueAt ? (apart ? 'H' : 'V') : (before[axis] ?? ''),
		);
		this.state = shape ? all.join('') : '';
		this.decayed = all.filter((letter) => letter !== 'V').join('');
		all.forEach((letter, axis) => this.sizes.set(letter, shape?.[axis] ?? null));
		const size = this.sizes.get('K');
		this.keySize = typeof size === 'number' ? size : null;
	}

	/** Letters of an outer tensor's axes, turns put in. */
	spell({ name, axis }: Outside, target: string, around: Facts): string {
		const shape = around.shapeOf(name);
		if (!shape)
			return typeof axis === 'number' ? `${target.slice(0, axis)}T${target.slice(axis)}` : '';
		if (typeof axis === 'number') {
			const turns = axis < 0 ? axis + shape.length : axis;
			const letters = this.aligned(
				shape.filter((_, at) => at !== turns),
				target,
			)?.letters;
			return letters === undefined ? '' : `${letters.slice(0, turns)}T${letters.slice(turns)}`;
		}
		if (axis === null && shape.length <= target.length)
			return this.aligned(shape, target)?.letters ?? '';
		const options = shape.flatMap((_, at) => {
			const found = this.aligned(
				shape.filter((__, other) => other !== at),
				target,
			);
			return found
				? [
						{
							score: found.score,
							letters: `${found.letters.slice(0, at)}T${found.letters.slice(at)}`,
						},
					]
				: [];
		});
		return best(options)?.letters ?? '';
	}

	/** Letters of one turn's axes: those of the target, some left out, whose sizes fit best; axes of one element may follow. */
	private aligned(shape: Shape, target: string): Spelling | null {
		const extra = shape.length - target.length;
		if (extra > 0) {
			const front = this.aligned(shape.slice(0, target.length), target);
			if (!front || !shape.slice(target.length).every((dim) => dim === 1)) return null;
			return { letters: front.letters + '1'.repeat(extra), score: front.score };
		}
		return best(without(target, -extra).map((letters) => this.scored(shape, letters, target)));
	}

	private scored(shape: Shape, letters: string, target: string): Spelling {
		// the batch in front and the channels at the end are left out last
		let score = letters.at(-1) === target.at(-1) ? 0.5 : 0;
		if (letters[0] === target[0]) score += 0.25;
		const spelt = Array.from(letters).map((letter, at) => {
			const [dim = null, size = null] = [shape[at], this.sizes.get(letter)];
			if (dim !== null && dim === size) score += 2;
			else if (dim === 1) return '1';
			else if (typeof dim === 'number' && typeof size === 'number') score -= 8;
			return letter;
		});
		return { letters: spelt.join(''), score };
	}

	headsOf(tensor: SiteTensor | null, around: Facts): number | null {
		if (!tensor || tensor.axes === '') return null;
		return tensor.axes.includes('H') ? this.sizeIn(tensor, 'H', around) : 1;
	}

	sizeIn(tensor: SiteTensor | null, letter: string, around: Facts): number | null {
		const dim = tensor && around.shapeOf(tensor.name)?.[tensor.axes.indexOf(letter)];
		return typeof dim === 'number' ? dim : null;
	}
}

interface Spelling {
	readonly letters: string;
	readonly score: number;
}

const best = (options: readonly Spelling[]): Spelling | null =>
	options.reduce<Spelling | null>(
		(top, each) => (top && top.score >= each.score ? top : each),
		null,
	);

/** All that is left of a word when so many letters are taken out. */
function without(word: string, count: number): string[] {
	if (count === 0) return [word];
	return Array.from(word).flatMap((_, at) =>
		without(word.slice(at + 1), count - 1).map((rest) => word.slice(0, at) + rest),
	);
}

function variesAlong(decay: string | null, axis: number, facts: Facts): boolean {
	const shape = decay === null ? null : facts.shapeOf(decay);
	const dim = shape?.at(-axis);
	return dim !== undefined && dim !== 1 && (shape?.length ?? 0) >= 3;
}
