import type { StreamStep } from '../protocol/model.ts';
import type { ScalarValue } from './scalar-value.ts';
import type { Scope } from './scope.ts';
import type { Residual, StreamWalk } from './stream-walk.ts';

type Momentum = NonNullable<StreamStep['momentum']>;
type Scalar = Momentum['scalars'][number];
type ValueOf = (name: string) => ScalarValue | null;

const FURTHEST = 16;

/**
 * Whether an increment is a velocity: behind scales and norms a sum of an earlier velocity, which does not come from the
 * position it moves, and a force, which does.
 */
export function velocityOf(
	{ before, increment }: Residual,
	walk: StreamWalk,
	scope: Scope,
	valueOf: ValueOf,
): Momentum | null {
	/** From the increment back to the sum. */
	const path: string[] = [];
	for (let name = increment; path.length < FURTHEST;) {
		path.push(name);
		if (name === before) return null;
		const node = scope.producerOf(name);
		const operands = walk.operands(node);
		if (operands) {
			const pushed = operands.map((operand) => walk.dependsOn(operand, before));
			if (pushed[0] === pushed[1]) return null;
			const [carried, force] = pushed[1] ? operands : [operands[1], operands[0]];
			return describe({ before, carried, force, path: path.reverse() }, walk, scope, valueOf);
		}
		const next = walk.handedOn(node);
		if (next === null || scope.isConstant(next)) return null;
		name = next;
	}
	return null;
}

interface Sum {
	readonly before: string;
	readonly carried: string;
	readonly force: string;
	/** From the sum on to the increment. */
	readonly path: readonly string[];
}

function describe(
	{ before, carried, force, path }: Sum,
	walk: StreamWalk,
	scope: Scope,
	valueOf: ValueOf,
): Momentum {
	const scalars: Scalar[] = [];
	const note = (role: Scalar['role'], name: string) => {
		const found = valueOf(name);
		if (found) scalars.push({ role, name, value: found.value, from: [...found.from] });
	};
	const behind = (name: string, role: Scalar['role']): string => {
		const scaled = scaling(name, scope, valueOf);
		if (!scaled) return name;
		note(role, scaled.scalar);
		return behind(scaled.of, role);
	};
	const velocityIn = behind(carried, 'keep');
	const pushing = behind(force, 'push');
	let velocity = path[0]!;
	let mass: string | null = null;
	let handed = true;
	for (const name of path.slice(1)) {
		const node = scope.producerOf(name)!;
		const scaled = scaling(name, scope, valueOf);
		const norm = /Normalization$/.test(node.opType);
		const own: boolean = handed && (scaled !== null || norm || ownNorm(name, path, walk, scope));
		if (scaled) note(own ? 'damping' : 'step', scaled.scalar);
		if (own) velocity = name;
		handed = own;
		const divisor = node.opType === 'Div' && !own ? node.inputs[1] : undefined;
		if (divisor && !scope.isConstant(divisor)) mass = divisor;
	}
	for (const use of scope.consumersOf(velocityIn)) {
		const [out] = use.outputs;
		const scaled = out ? scaling(out, scope, valueOf) : null;
		if (!scaled || !out) continue;
		const ahead = scope.consumersOf(out).some(({ opType, inputs }) => opType === 'Add' && inputs.includes(before)); // prettier-ignore
		if (ahead) note('look', scaled.scalar);
	}
	const moved = scope
		.consumersOf(velocityIn)
		.find(({ opType, inputs }) => opType === 'MatMul' && scope.isConstant(inputs[1] ?? ''));
	return {
		velocityIn,
		velocity,
		force: pushing,
		mass,
		moved: mass === null ? null : (moved?.outputs[0] ?? null),
		scalars,
	};
}

/** A step of a norm written out as operators of its own: its mean off, over its size, times weights, plus a bias. */
function ownNorm(name: string, path: readonly string[], walk: StreamWalk, scope: Scope): boolean {
	const node = scope.producerOf(name)!;
	const from = path[path.indexOf(name) - 1]!;
	const other = node.inputs.find((input) => input !== from);
	if (node.opType === 'Add' || node.opType === 'Mul') return other !== undefined && scope.isConstant(other); // prettier-ignore
	if (node.opType !== 'Sub' && node.opType !== 'Div') return false;
	return other !== undefined && walk.dependsOn(other, path[0]!);
}

/** A tensor that is another one times a scalar which no input reaches. */
function scaling(
	name: string,
	scope: Scope,
	valueOf: ValueOf,
): { readonly of: string; readonly scalar: string } | null {
	const node = scope.producerOf(name);
	const [a, b] = node?.inputs ?? [];
	if (node?.opType !== 'Mul' || !a || !b) return null;
	for (const [scalar, of] of [
		[a, b],
		[b, a],
	] as const) {
		if (scope.isConstant(scalar) && !scope.isConstant(of) && valueOf(scalar)) return { of, scalar };
	}
	return null;
}
