import type { Scope } from './scope.ts';

/** What a scalar of the graph comes to, and the learned numbers it is made from. */
export interface ScalarValue {
	readonly value: number;
	readonly from: readonly { readonly name: string; readonly value: number }[];
}

const unary: Readonly<Record<string, (x: number) => number>> = {
	Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
	Softplus: (x) => Math.log1p(Math.exp(x)),
	Exp: Math.exp,
	Log: Math.log,
	Neg: (x) => -x,
	Tanh: Math.tanh,
	Sqrt: Math.sqrt,
	Abs: Math.abs,
	Reciprocal: (x) => 1 / x,
	Identity: (x) => x,
	Cast: (x) => x,
	Unsqueeze: (x) => x,
	Squeeze: (x) => x,
	Reshape: (x) => x,
};
const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
	Add: (a, b) => a + b,
	Sub: (a, b) => a - b,
	Mul: (a, b) => a * b,
	Div: (a, b) => a / b,
	Pow: (a, b) => a ** b,
};
const DEEPEST = 16;

/** The value of a tensor of one element that no input reaches; null where it is none, or made in a way not known here. */
export function evaluateScalar(scope: Scope, name: string, depth = 0): ScalarValue | null {
	if (depth > DEEPEST) return null;
	const known = scope.scalarOf(name);
	if (known !== undefined) {
		const learned = scope.producerOf(name) === undefined;
		return { value: known, from: learned ? [{ name, value: known }] : [] };
	}
	const node = scope.producerOf(name);
	const [first, second] = node?.inputs ?? [];
	if (!node || first === undefined) return null;
	const one = unary[node.opType];
	const two = binary[node.opType];
	if (!one && (!two || second === undefined)) return null;
	const a = evaluateScalar(scope, first, depth + 1);
	if (!a) return null;
	if (one) return { value: one(a.value), from: a.from };
	const b = evaluateScalar(scope, second!, depth + 1);
	return b && { value: two!(a.value, b.value), from: [...a.from, ...b.from] };
}
