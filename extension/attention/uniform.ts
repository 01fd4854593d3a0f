import { isStandard, type FlatNode } from './flat-node.ts';
import type { Scope } from './scope.ts';

const DEEPEST = 8;

/** Re-arrange or repeat their first input: all alike stays all alike. */
const arranging = new Set(
	'Identity Cast CastLike Reshape Transpose Squeeze Unsqueeze Flatten Expand Tile Slice Gather Dropout'.split(
		' ',
	),
);

const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
	Add: (a, b) => a + b,
	Sub: (a, b) => a - b,
	Div: (a, b) => a / b,
};

/**
 * The number that every element of a tensor is, whatever its size and the input; null where that does not show.
 *
 * @param small the number of a tensor whose elements are known
 */
export function uniformOf(
	name: string,
	scope: Scope,
	small: (name: string) => number | null,
	depth = 0,
): number | null {
	const known = small(name);
	if (known !== null || depth > DEEPEST) return known;
	const node = scope.producerOf(name);
	if (!node || !isStandard(node)) return null;
	const of = (at: number) => uniformOf(node.inputs[at] ?? '', scope, small, depth + 1);
	if (node.opType === 'ConstantOfShape') return fillOf(node);
	if (arranging.has(node.opType)) return of(0);
	if (node.opType === 'Neg') {
		const number = of(0);
		return number === null ? null : -number;
	}
	if (node.opType === 'Mul') return product(of(0), of(1));
	const two = binary[node.opType];
	if (!two) return null;
	const a = of(0);
	const b = a === null ? null : of(1);
	return a === null || b === null ? null : two(a, b);
}

/** Nought times anything is nought. */
function product(a: number | null, b: number | null): number | null {
	if (a === 0 || b === 0) return 0;
	return a === null || b === null ? null : a * b;
}

function fillOf(node: FlatNode): number | null {
	const fill = node.attributes.get('value');
	if (!fill) return 0;
	return fill.kind === 'tensor' ? (fill.value.values?.[0] ?? null) : null;
}
