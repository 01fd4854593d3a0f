import type { Facts } from './facts.ts';
import { intsOf, stringOf, type FlatNode } from './flat-node.ts';
import { readProduct } from './product.ts';

/** How a carried state is changed in one turn. */
export interface StateUpdate {
	/** The two vectors whose outer product is added. */
	readonly vectors: readonly [string, string];
	/** What the old state is multiplied by; null where it is kept whole. */
	readonly decay: string | null;
	/** What the state already answers for the key is taken off first. */
	readonly erases: boolean;
	/** Of a vector that depends on the old state: the part that does not, and what multiplies the difference. */
	readonly value: string | null;
	readonly strength: string | null;
	/** Index in `vectors` of the one that depends on the old state; null where neither does. */
	readonly dependent: 0 | 1 | null;
}

const through = new Set([
	'Identity',
	'Cast',
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Neg',
	'Clip',
]);

/** Reads `after = decay * before + a ⊗ b`, in whatever order it is written; null where the update is no outer product. */
export function readUpdate(before: string, after: string, facts: Facts): StateUpdate | null {
	const depends = new Dependence(before, facts);
	const terms = termsOf(after, facts);
	let vectors: readonly [string, string] | null = null;
	let decay: string | null = null;
	let erases = false;
	for (const term of terms) {
		const outer = outerProduct(term, facts);
		if (outer) vectors ??= outer;
		else if (depends.on(term)) {
			const kept = decayOf(term, before, depends, facts);
			decay ??= kept.decay;
			erases ||= kept.erases;
		}
	}
	if (!vectors || !terms.some((term) => depends.on(term) && !outerProduct(term, facts)))
		return null;
	const found = vectors.findIndex((vector) => depends.on(vector));
	const dependent = found === 0 || found === 1 ? found : null;
	const difference = dependent === null ? null : differenceIn(vectors[dependent], depends, facts);
	return {
		vectors,
		decay,
		erases: erases || dependent !== null,
		value: difference?.value ?? null,
		strength: difference?.strength ?? null,
		dependent,
	};
}

/** Which values of a body are made from its carried state. */
class Dependence {
	private readonly known = new Map<string, boolean>();

	constructor(
		before: string,
		private readonly facts: Facts,
	) {
		this.known.set(before, true);
		for (const node of facts.scope.nodes) {
			const any = node.inputs.some((input) => this.known.get(input));
			for (const output of node.outputs) this.known.set(output, any);
		}
	}

	on(name: string): boolean {
		return this.known.get(name) ?? false;
	}
}

/** The addends of a sum, through copies. */
function termsOf(name: string, facts: Facts, depth = 0): string[] {
	const node = facts.scope.producerOf(name);
	if (!node || depth > 8) return [name];
	if (node.opType === 'Add' || node.opType === 'Sub' || node.opType === 'Sum') {
		return node.inputs.flatMap((input) => termsOf(input, facts, depth + 1));
	}
	if (node.opType === 'Identity' || node.opType === 'Cast')
		return termsOf(node.inputs[0] ?? '', facts, depth + 1);
	return [name];
}

/** The factors of a product of a column with a row; factors common to both are passed over. */
function outerProduct(name: string, facts: Facts, depth = 0): readonly [string, string] | null {
	const node = facts.scope.producerOf(name);
	if (!node || depth > 8) return null;
	const [a = '', b = ''] = node.inputs;
	if (node.opType === 'Mul') {
		const [left, right] = [openAxis(a, facts), openAxis(b, facts)];
		if (left !== null && right !== null && left !== right) return [a, b];
		return outerProduct(a, facts, depth + 1) ?? outerProduct(b, facts, depth + 1);
	}
	if (node.opType === 'MatMul' && facts.shapeOf(a)?.at(-1) === 1 && facts.shapeOf(b)?.at(-2) === 1)
		return [a, b];
	if (node.opType === 'MatMul' && openAxis(a, facts) === 1 && openAxis(b, facts) === 2)
		return [a, b];
	if (node.opType === 'Einsum' && node.inputs.length === 2) {
		const [left = '', right = ''] = (stringOf(node, 'equation') ?? '')
			.replace(/\s/g, '')
			.split('->');
		const labels = left.split(',').join('').split('');
		return labels.every((label) => right.includes(label)) && labels.length > new Set(right).size
			? [a, b]
			: isApart(left)
				? [a, b]
				: null;
	}
	return through.has(node.opType) ? outerProduct(a, facts, depth + 1) : null;
}

/** `d,e` : no label in common. */
function isApart(terms: string): boolean {
	const [a = '', b = ''] = terms.split(',');
	return a.split('').every((label) => !b.includes(label));
}

/** Counted from the right: the one of the last two axes that is of size 1, so that the other operand fills it. */
function openAxis(name: string, facts: Facts): number | null {
	const shape = facts.shapeOf(name);
	if (shape && shape.length >= 2) {
		const open = [1, 2].filter((back) => shape.at(-back) === 1);
		if (open.length === 1) return open[0]!;
	}
	const node = facts.scope.producerOf(name);
	if (node?.opType !== 'Unsqueeze') return null;
	const axes = intsOf(node, 'axes') ?? facts.valueOf(node.inputs[1] ?? '');
	const axis = axes?.length === 1 ? axes[0] : undefined;
	if (axis === -1) return 1;
	return axis === -2 ? 2 : null;
}

function decayOf(
	name: string,
	before: string,
	depends: Dependence,
	facts: Facts,
): { decay: string | null; erases: boolean } {
	let current = name;
	let decay: string | null = null;
	for (let steps = 0; steps < 12 && current !== before; steps++) {
		const node: FlatNode | undefined = facts.scope.producerOf(current);
		if (!node) break;
		if (readProduct(node, facts)) return { decay, erases: true };
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
			return { value, strength };
		}
		const inner: string = node.inputs.find((input) => depends.on(input)) ?? '';
		if (node.opType === 'Mul') strength ??= node.inputs.find((input) => input !== inner) ?? null;
		current = inner;
	}
	return null;
}
