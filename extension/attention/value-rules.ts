import { add, divide, multiply, subtract, type Dim } from './dims.ts';
import { intOf, intsOf, type FlatNode } from './flat-node.ts';
import type { Inference, Value } from './inference.ts';

/** Longer tensors are data, not sizes. */
export const LONGEST_VALUE = 64;

/** A size that was worked out wrong may be below nought. */
const isLength = (length: Dim | undefined): length is number =>
	Number.isInteger(length) && Number(length) >= 0 && Number(length) <= LONGEST_VALUE;

type Rule = (node: FlatNode, facts: Inference) => Value | null;

const pass: Rule = (node, facts) => facts.valueOf(node.inputs[0] ?? '');

const unary =
	(compute: (x: number) => number): Rule =>
	(node, facts) => {
		const value = pass(node, facts);
		return value && value.map((x) => (typeof x === 'number' ? finite(compute(x)) : null));
	};

const binary =
	(compute: (a: Dim, b: Dim) => Dim): Rule =>
	(node, facts) => {
		const a = facts.valueOf(node.inputs[0] ?? '');
		const b = facts.valueOf(node.inputs[1] ?? '');
		if (!a || !b) return null;
		if (a.length !== 1 && b.length !== 1) {
			if (a.length !== b.length || !areAligned(node, facts)) return null;
		}
		const length = Math.max(a.length, b.length);
		return Array.from({ length }, (_, i) =>
			compute(a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!),
		);
	};

/** Element by element; a column and a row of one length make a table. */
function areAligned(node: FlatNode, facts: Inference): boolean {
	const [a, b] = [node.inputs[0] ?? '', node.inputs[1] ?? ''].map((name) => {
		const shape = facts.shapeOf(name);
		return shape?.slice(shape.findIndex((dim) => dim !== 1)).join();
	});
	return a === undefined || b === undefined || a === b;
}

const numeric = (compute: (a: number, b: number) => number) =>
	binary((a, b) => (typeof a === 'number' && typeof b === 'number' ? finite(compute(a, b)) : null));

const finite = (x: number): Dim => (Number.isFinite(x) ? x : null);

function quotient(node: FlatNode, facts: Inference): Value | null {
	const whole = /int/.test(facts.dtypeOf(node.inputs[0] ?? '') ?? 'int64');
	if (whole) return binary(divide)(node, facts);
	return binary((a, b) => {
		if (typeof a === 'number' && typeof b === 'number') return finite(a / b);
		return divide(a, b);
	})(node, facts);
}

/** Rows of two and more, as the amounts of a padding are turned round by an exporter. */
function rowsOf(node: FlatNode, facts: Inference): Value[] | null {
	const value = pass(node, facts);
	const [rows, columns, ...more] = facts.shapeOf(node.inputs[0] ?? '') ?? [];
	if (!value || typeof rows !== 'number' || typeof columns !== 'number' || more.length > 0) return null; // prettier-ignore
	return Array.from({ length: rows }, (_, at) => value.slice(at * columns, (at + 1) * columns));
}

function turnedRows(node: FlatNode, facts: Inference): Value | null {
	const [bound, ...others] = sliceBounds(node, facts) ?? [];
	const whole = bound?.axis === 0 && bound.step === -1 && bound.start === -1 && isFar(bound.end);
	return whole && others.length === 0 ? (rowsOf(node, facts)?.reverse().flat() ?? null) : null;
}

/** Before the first element of whatever there is. */
export const isFar = (end: Dim): boolean => typeof end === 'number' && end < -(2 ** 31);

function transposedValue(node: FlatNode, facts: Inference): Value | null {
	const rows = rowsOf(node, facts);
	const swaps = (intsOf(node, 'perm') ?? [1, 0]).join() === '1,0';
	return rows && swaps ? (rows[0] ?? []).flatMap((_, at) => rows.map((row) => row[at]!)) : null;
}

function sliceValue(node: FlatNode, facts: Inference): Value | null {
	const value = pass(node, facts);
	if (facts.shapeOf(node.inputs[0] ?? '')?.length === 2) return turnedRows(node, facts);
	if (!value || (facts.shapeOf(node.inputs[0] ?? '')?.length ?? 1) !== 1) return null;
	const bounds = sliceBounds(node, facts);
	if (!bounds?.every((bound) => bound.axis === 0 || bound.axis === -1)) return null;
	return bounds.reduce<Value | null>((rest, { start, end, step }) => {
		if (!rest || start === null || end === null || typeof start === 'string') return null;
		const stop = typeof end === 'string' ? rest.length : end;
		if (step === 1) return rest.slice(start, stop);
		return step === -1 ? [...rest].reverse().slice(rest.length - 1 - start) : null;
	}, value);
}

export interface SliceBound {
	readonly axis: number;
	readonly start: Dim;
	readonly end: Dim;
	readonly step: number;
}

/** Start, end, axis and step of each sliced axis, from inputs (opset 10 on) or attributes. */
export function sliceBounds(node: FlatNode, facts: Inference): SliceBound[] | null {
	const given = (attribute: string, at: number): Value | null | undefined => {
		const listed = intsOf(node, attribute);
		if (listed) return listed;
		const name = node.inputs[at];
		return name ? facts.valueOf(name) : undefined;
	};
	const starts = given('starts', 1);
	const ends = given('ends', 2);
	const axes = given('axes', 3);
	const steps = given('steps', 4);
	const count = starts?.length ?? ends?.length ?? axes?.length;
	if (count === undefined || axes === null || steps === null) return null;
	return Array.from({ length: count }, (_, i) => {
		const axis = axes ? axes[i] : i;
		const step = steps ? steps[i] : 1;
		return {
			axis: typeof axis === 'number' ? axis : 0,
			start: starts?.[i] ?? null,
			end: ends?.[i] ?? null,
			step: typeof step === 'number' ? step : 1,
		};
	});
}

function gatherValue(node: FlatNode, facts: Inference): Value | null {
	const value = pass(node, facts);
	const indices = facts.valueOf(node.inputs[1] ?? '');
	if (!value || !indices || (intOf(node, 'axis') ?? 0) !== 0) return null;
	if ((facts.shapeOf(node.inputs[0] ?? '')?.length ?? 1) !== 1) return null;
	return indices.map((i) => (typeof i === 'number' ? (value.at(i) ?? null) : null));
}

function concatValue(node: FlatNode, facts: Inference): Value | null {
	const parts = node.inputs.map((input) => {
		const value = facts.valueOf(input);
		if (value) return value;
		const length = facts.shapeOf(input)?.[0];
		return isLength(length) ? Array<Dim>(length).fill(null) : null;
	});
	return parts.includes(null) ? null : parts.flatMap((part) => part ?? []);
}

function shapeValue(node: FlatNode, facts: Inference): Value | null {
	const shape = facts.shapeOf(node.inputs[0] ?? '');
	return shape && shape.slice(intOf(node, 'start') ?? 0, intOf(node, 'end') ?? shape.length);
}

function filledValue(node: FlatNode, facts: Inference): Value | null {
	const shape = facts.valueOf(node.inputs[0] ?? '');
	const length = shape?.reduce<Dim>(multiply, 1);
	if (!isLength(length)) return null;
	const fill = node.attributes.get('value');
	const element = fill?.kind === 'tensor' ? (fill.value.values?.[0] ?? 0) : 0;
	return Array<Dim>(length).fill(element);
}

function expandedValue(node: FlatNode, facts: Inference): Value | null {
	const value = pass(node, facts);
	const shape = facts.valueOf(node.inputs[1] ?? '');
	const length = shape?.reduce<Dim>(multiply, 1);
	if (value?.length !== 1 || !isLength(length)) return null;
	return Array<Dim>(length).fill(value[0]!);
}

function rangeValue(node: FlatNode, facts: Inference): Value | null {
	const [start, limit, delta] = node.inputs.map((input) => facts.valueOf(input)?.[0]);
	if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number')
		return null;
	const length = Math.ceil((limit - start) / delta);
	if (!(length >= 0 && length <= LONGEST_VALUE)) return null;
	return Array.from({ length }, (_, i) => start + i * delta);
}

function chosenValue(node: FlatNode, facts: Inference): Value | null {
	const [condition, yes, no] = node.inputs.map((input) => facts.valueOf(input));
	if (!yes || !no) return null;
	const length = Math.max(condition?.length ?? 1, yes.length, no.length);
	const at = (value: Value, i: number) => value[value.length === 1 ? 0 : i] ?? null;
	return Array.from({ length }, (_, i) => {
		const test = condition ? at(condition, i) : null;
		if (typeof test === 'number') return test ? at(yes, i) : at(no, i);
		return at(yes, i) === at(no, i) ? at(yes, i) : null;
	});
}

function castValue(node: FlatNode, facts: Inference): Value | null {
	const value = pass(node, facts);
	const whole = [2, 3, 4, 5, 6, 7, 12, 13].includes(intOf(node, 'to') ?? 1);
	return whole && value ? value.map((x) => (typeof x === 'number' ? Math.trunc(x) : x)) : value;
}

function dequantisedValue(node: FlatNode, facts: Inference): Value | null {
	const value = pass(node, facts);
	const [step, nought = 0] = [1, 2].map((at) => facts.valueOf(node.inputs[at] ?? '') ?? undefined).map((x) => (x?.length === 1 ? x[0] : undefined)); // prettier-ignore
	if (!value || typeof step !== 'number' || typeof nought !== 'number') return null;
	return value.map((x) => (typeof x === 'number' ? (x - nought) * step : null));
}

/** How the elements of small tensors follow from those of their inputs, by operator. */
export const valueRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
	['Add', binary(add)],
	['Sub', binary(subtract)],
	['Mul', binary(multiply)],
	['Div', quotient],
	['Pow', numeric((a, b) => a ** b)],
	['Mod', numeric((a, b) => ((a % b) + b) % b)],
	['Min', numeric(Math.min)],
	['Max', numeric(Math.max)],
	['Equal', binary((a, b) => (a === null || b === null ? null : compared(a, b)))],
	['And', numeric((a, b) => Number(a !== 0 && b !== 0))],
	['Or', numeric((a, b) => Number(a !== 0 || b !== 0))],
	['Less', numeric((a, b) => Number(a < b))],
	['LessOrEqual', numeric((a, b) => Number(a <= b))],
	['GreaterOrEqual', numeric((a, b) => Number(a >= b))],
	['Greater', numeric((a, b) => Number(a > b))],
	['Sqrt', unary(Math.sqrt)],
	['Neg', unary((x) => -x)],
	['Reciprocal', unary((x) => 1 / x)],
	['Exp', unary(Math.exp)],
	['Log', unary(Math.log)],
	['Floor', unary(Math.floor)],
	['Ceil', unary(Math.ceil)],
	['Abs', unary(Math.abs)],
	['Not', unary((x) => Number(!x))],
	['Identity', pass],
	['Reshape', pass],
	['Squeeze', pass],
	['Unsqueeze', pass],
	['Flatten', pass],
	['Cast', castValue],
	['DequantizeLinear', dequantisedValue],
	['Shape', shapeValue],
	['Slice', sliceValue],
	['Transpose', transposedValue],
	['Gather', gatherValue],
	['Concat', concatValue],
	['ConstantOfShape', filledValue],
	['Expand', expandedValue],
	['Range', rangeValue],
	['Where', chosenValue],
	['Size', (node, facts) => facts.shapeOf(node.inputs[0] ?? '')?.reduce<Dim[]>(total, [1]) ?? null],
	['ReduceProd', (node, facts) => pass(node, facts)?.reduce<Dim[]>(total, [1]) ?? null],
]);

const total = (so: Dim[], dim: Dim): Dim[] => [multiply(so[0]!, dim)];

/** Unlike symbols may still be equal. */
const compared = (a: Dim, b: Dim): Dim => {
	if (a === b) return 1;
	return typeof a === 'number' && typeof b === 'number' ? 0 : null;
};
