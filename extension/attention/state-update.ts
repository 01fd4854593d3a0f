import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { originsOf } from './onward.ts';
import { readOuter, type OuterProduct } from './outer-product.ts';
import { contracted, readProduct } from './product.ts';
import { isWeight, untouched } from './weights.ts';

/** How a carried state is changed in one turn. */
export interface StateUpdate {
	/** What is added; its vectors belong to one turn, or are given for all turns at once by the graph around. */
	readonly written: OuterProduct;
	readonly given: boolean;
	/** What the old state is multiplied by; null where it is kept whole. */
	readonly decay: string | null;
	/** What the state already answers for the key is taken off first. */
	readonly erases: boolean;
	/** Of what is written less an answer of the old state: the part without, and what multiplies the difference. */
	readonly value: string | null;
	readonly strength: string | null;
	/** Index in the vectors of the one that depends on the old state; null where neither does. */
	readonly dependent: 0 | 1 | null;
	/** What is taken off is asked with another vector than the key that is written. */
	readonly asksOtherwise: boolean;
}

/** An outer product that stands outside of a loop, of which a term is one turn. */
type Given = (term: string) => OuterProduct | null;

/** Reads `after = decay * before + a ⊗ b`, in whatever order it is written; null where the update is no outer product. */
export function readUpdate(
	before: string,
	after: string,
	facts: Facts,
	depends: Dependence = new Dependence(before, facts),
	given: Given = () => null,
): StateUpdate | null {
	const outers: { written: OuterProduct; dependent: 0 | 1 | null; given: boolean }[] = [];
	const kept: string[] = [];
	for (const term of termsOf(after, facts, (name) => name === before)) {
		const inside = term === before ? null : readOuter(term, facts);
		if (inside) {
			const touched = inside.vectors.map((vector) => depends.on(vector));
			// a gain that the state itself makes, as a filter has it, is no key
			if (touched[0] && touched[1]) return null;
			const dependent = touched[0] ? 0 : touched[1] ? 1 : null;
			outers.push({ written: inside, dependent, given: false });
		} else if (depends.on(term)) kept.push(term);
		else {
			const written = given(term);
			if (written) outers.push({ written, dependent: null, given: true });
		}
	}
	const write = outers.find(({ dependent }) => dependent === null) ?? outers[0];
	if (!write || kept.length === 0) return null;
	const ways = kept.map((term) => keptOf(term, before, depends, facts));
	if (ways.includes(null)) return null;
	const decay = ways.map((way) => way!.decay).find((name) => name !== null) ?? null;
	const erased = ways.find((way) => way!.erases);
	const taken = outers.find(({ dependent }) => dependent !== null);
	const difference =
		write.dependent === null
			? null
			: differenceIn(write.written.vectors[write.dependent], depends, facts);
	// what the state answers is written as it is: that is no difference to a value
	if (write.dependent !== null && !difference) return null;
	const key = write.dependent === null ? null : bareKey(write.written.vectors[1 - write.dependent]!, facts); // prettier-ignore
	const shared =
		taken && write.dependent === null ? sharedFactor(write.written, taken, facts) : null;
	return {
		written: key ? withKey(write.written, key.bare, write.dependent!) : write.written,
		given: write.given,
		decay,
		erases: erased !== undefined || taken !== undefined,
		value: difference?.value ?? shared?.value ?? null,
		strength: difference?.strength ?? key?.strength ?? shared?.strength ?? null,
		dependent: write.dependent,
		asksOtherwise:
			erased !== undefined && write.dependent === null
				? true
				: difference !== null && !isAskedWith(key?.bare ?? write.written.vectors[1 - write.dependent!]!, difference.asked, facts), // prettier-ignore
	};
}

const isAskedWith = (key: string, asked: string | null, facts: Facts) =>
	asked === null || untouched(asked, facts) === untouched(key, facts);

const withKey = (written: OuterProduct, bare: string, dependent: 0 | 1): OuterProduct => ({
	...written,
	vectors: dependent === 0 ? [written.vectors[0], bare] : [bare, written.vectors[1]],
});

/** A key apart from a strength that multiplies it: one number for all that is along it. */
function bareKey(name: string, facts: Facts): { bare: string; strength: string } | null {
	const node = facts.scope.producerOf(untouched(name, facts));
	const whole = node && facts.shapeOf(node.outputs[0] ?? '');
	if (node?.opType !== 'Mul' || !whole) return null;
	const isFlat = (input: string) => {
		const shape = facts.shapeOf(input);
		return shape?.length === whole.length && shape.at(-1) === 1 && whole.at(-1) !== 1;
	};
	const strength = node.inputs.find(isFlat);
	const bare = node.inputs.find((input) => input !== strength);
	return strength !== undefined && bare !== undefined && !isFlat(bare) ? { bare, strength } : null;
}

/** What multiplies the value that is written as well as the answer that is taken off. */
function sharedFactor(
	{ vectors }: OuterProduct,
	taken: { written: OuterProduct; dependent: 0 | 1 | null },
	facts: Facts,
) {
	const factorsOf = (name: string) => {
		const node = facts.scope.producerOf(untouched(name, facts));
		return node?.opType === 'Mul' ? node.inputs : [];
	};
	const answer = factorsOf(taken.written.vectors[taken.dependent ?? 0]);
	for (const vector of vectors) {
		const own = factorsOf(vector);
		const strength = own.find((name) => answer.includes(name));
		const value = own.find((name) => name !== strength);
		if (strength !== undefined && value !== undefined) return { strength, value };
	}
	return null;
}

/** Which values of a body are made from its carried state. */
export class Dependence {
	private readonly known = new Map<string, boolean>();

	constructor(before: string, facts: Facts, nodes: readonly FlatNode[] = facts.scope.nodes) {
		this.known.set(before, true);
		for (const node of nodes) {
			const any = node.inputs.some((input) => this.known.get(input));
			for (const output of node.outputs) this.known.set(output, any);
		}
	}

	on(name: string): boolean {
		return this.known.get(name) ?? false;
	}
}

/** More addends than an update has make a sum of something else. */
const MOST_TERMS = 8;

/** The addends of a sum, through copies; what `ends` says is none of several. Alone where there are too many. */
export function termsOf(sum: string, facts: Facts, ends: (name: string) => boolean): string[] {
	const terms: string[] = [];
	const open = [sum];
	for (let steps = 0; open.length > 0; steps++) {
		if (steps > 4 * MOST_TERMS || terms.length > MOST_TERMS) return [sum];
		const name = open.shift()!;
		const node = name !== sum && ends(name) ? undefined : facts.scope.producerOf(name);
		const opType = node?.opType ?? '';
		if (/^(Add|Sub|Sum)$/.test(opType)) open.unshift(...node!.inputs);
		else if (/^(Identity|Cast|CastLike)$/.test(opType)) open.unshift(node!.inputs[0] ?? '');
		else terms.push(name);
	}
	return terms;
}

interface Kept {
	readonly decay: string | null;
	readonly erases: boolean;
}

/** How a term is made from the old state; null where a fixed matrix moves it, as in a filter. */
function keptOf(name: string, before: string, depends: Dependence, facts: Facts): Kept | null {
	let current = name;
	let decay: string | null = null;
	for (let steps = 0; steps < 12 && current !== before; steps++) {
		const node: FlatNode | undefined = facts.scope.producerOf(current);
		if (!node) break;
		const product = readProduct(node, facts);
		if (product) {
			const other = depends.on(product.left) ? product.right : product.left;
			if (depends.on(other) || isWeight(other, facts)) return null;
			return { decay, erases: true };
		}
		const inner: string = node.inputs.find((input) => depends.on(input)) ?? '';
		if (node.opType === 'Mul') decay ??= node.inputs.find((input) => input !== inner) ?? null;
		current = inner;
	}
	return { decay, erases: false };
}

/** `strength * (value - answer)` in a vector that depends on the state. */
function differenceIn(name: string, depends: Dependence, facts: Facts) {
	let current = name;
	let strength: string | null = null;
	for (let steps = 0; steps < 12; steps++) {
		const node: FlatNode | undefined = facts.scope.producerOf(current);
		if (!node) return null;
		if (node.opType === 'Sub' || node.opType === 'Add') {
			const value = node.inputs.find((input) => !depends.on(input)) ?? null;
			const answer = node.inputs.find((input) => depends.on(input)) ?? '';
			return value === null ? null : { value, strength, asked: askedWith(answer, depends, facts) };
		}
		const inner: string = node.inputs.find((input) => depends.on(input)) ?? '';
		if (node.opType === 'Mul') strength ??= node.inputs.find((input) => input !== inner) ?? null;
		current = inner;
	}
	return null;
}

/** What an answer of the state was asked with. */
function askedWith(answer: string, depends: Dependence, facts: Facts): string | null {
	let current = answer;
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		const product = node && readProduct(node, facts);
		if (product) return depends.on(product.left) ? product.right : product.left;
		current = node?.inputs.find((input) => depends.on(input)) ?? '';
	}
	return null;
}

/** Products of two tensors among what an update adds. */
export function productsIn(before: string, after: string, facts: Facts): FlatNode[] {
	const added = termsOf(after, facts, (name) => name === before);
	const near = added.flatMap((term) => [...originsOf(term, facts, 8)]);
	return [...new Set(near)].flatMap((name) => {
		const node = facts.scope.producerOf(name);
		const product = node && readProduct(node, facts);
		return node && product && contracted(product).length > 0 ? [node] : [];
	});
}
