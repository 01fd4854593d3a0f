import { add, divide, multiply, productOf, subtract, type Dim } from './dims.ts';
import type { Inference, Shape } from './inference.ts';
import { intOf, intsOf, stringOf, type FlatNode } from './flat-node.ts';
import { moreShapeRules } from './more-shape-rules.ts';
import { parseEquation } from './equation.ts';
import { isFar, sliceBounds } from './value-rules.ts';

/** Shapes of a node's outputs from those of its inputs. */
type Rule = (node: FlatNode, facts: Inference) => readonly (Shape | null)[] | null;

const shapeAt = (node: FlatNode, facts: Inference, at: number): Shape | null => {
	const name = node.inputs[at];
	return name ? facts.shapeOf(name) : null;
};

const same: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	return shape && [shape, shape];
};

const wrap = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** An axis list from an attribute or, in later opsets, from an input. */
function axesOf(
	node: FlatNode,
	facts: Inference,
	at: number,
): readonly number[] | null | undefined {
	const listed = intsOf(node, 'axes');
	if (listed) return listed;
	const name = node.inputs[at];
	if (!name) return undefined;
	const value = facts.valueOf(name);
	return value?.every((x) => typeof x === 'number') ? value : null;
}

export function broadcastDim(a: Dim, b: Dim): Dim {
	if (a === 1 || a === b) return b;
	if (b === 1) return a;
	if (typeof a === 'number') return a;
	return typeof b === 'number' ? b : (a ?? b);
}

export function broadcastShapes(shapes: readonly Shape[]): Shape {
	const [first = [], ...rest] = shapes;
	return rest.reduce(broadcastTwo, first);
}

function broadcastTwo(a: Shape, b: Shape): Shape {
	if (a === b) return a;
	const [long, short] = a.length >= b.length ? [a, b] : [b, a];
	const shift = long.length - short.length;
	return long.map((dim, axis) => (axis < shift ? dim : broadcastDim(dim, short[axis - shift]!)));
}

const broadcast: Rule = (node, facts) => {
	const shapes = node.inputs.filter(Boolean).map((input) => facts.shapeOf(input));
	const known = shapes.filter((shape) => shape !== null);
	return known.length === shapes.length && known.length > 0 ? [broadcastShapes(known)] : null;
};

function product(a: Shape | null, b: Shape | null): Shape | null {
	if (!a || !b || a.length === 0 || b.length === 0) return null;
	const left = a.length === 1 ? [1, ...a] : a;
	const right = b.length === 1 ? [...b, 1] : b;
	const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)]);
	const rows = a.length === 1 ? [] : [left.at(-2)!];
	const columns = b.length === 1 ? [] : [right.at(-1)!];
	return [...batch, ...rows, ...columns];
}

const swapLast = (shape: Shape | null, swap: boolean): Shape | null =>
	shape && swap && shape.length > 1 ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;

const fused: Rule = (node, facts) => {
	const turned = (at: number, side: string) => {
		const shape = shapeAt(node, facts, at);
		const swapped = intOf(node, `transBatch${side}`) === 1 ? firstBehindBatch(shape) : shape;
		return swapLast(swapped, intOf(node, `trans${side}`) === 1);
	};
	return [product(turned(0, 'A'), turned(1, 'B'))];
};

/** FusedMatMul with transBatch: the first axis of the matrix stands before those of the batch. */
const firstBehindBatch = (shape: Shape | null): Shape | null =>
	shape && shape.length > 2 ? [...shape.slice(1, -1), shape[0]!, shape.at(-1)!] : shape;

const einsum: Rule = (node, facts) => {
	const equation = parseEquation(
		stringOf(node, 'equation') ?? '',
		node.inputs.map((n) => facts.rankOf(n)),
	);
	if (!equation) return null;
	const sizes = new Map<string, Dim>();
	equation.inputs.forEach((labels, at) => {
		const shape = facts.shapeOf(node.inputs[at] ?? '');
		labels.forEach((label, axis) => {
			const known = sizes.get(label) ?? null;
			sizes.set(
				label,
				known === null ? (shape?.[axis] ?? null) : broadcastDim(known, shape?.[axis] ?? null),
			);
		});
	});
	return [equation.output.map((label) => sizes.get(label) ?? null)];
};

const transpose: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const perm = intsOf(node, 'perm');
	if (!shape) return perm ? [perm.map(() => null)] : null;
	return [perm ? perm.map((axis) => shape[axis] ?? null) : [...shape].reverse()];
};

const reshape: Rule = (node, facts) => {
	const asked = intsOf(node, 'shape') ?? facts.valueOf(node.inputs[1] ?? '');
	const shape = shapeAt(node, facts, 0);
	if (!asked) {
		const rank = node.inputs[1] ? facts.shapeOf(node.inputs[1])?.[0] : null;
		const known = typeof rank === 'number' && rank >= 0 && rank < 16;
		return known ? [Array<Dim>(rank).fill(null)] : null;
	}
	const kept = asked.map((dim, axis) => {
		if (dim === 0 && intOf(node, 'allowzero') !== 1) return shape?.[axis] ?? null;
		return dim;
	});
	if (!kept.includes(-1)) {
		const unknown = kept.filter((dim) => dim === null).length;
		if (unknown !== 1 || !shape || shape.includes(null)) return [kept];
		const rest = divide(productOf(shape), productOf(kept.map((dim) => dim ?? 1)));
		return [kept.map((dim) => dim ?? rest)];
	}
	const rest =
		shape && divide(productOf(shape), productOf(kept.map((dim) => (dim === -1 ? 1 : dim))));
	return [kept.map((dim) => (dim === -1 ? rest : dim))];
};

const unsqueeze: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const axes = axesOf(node, facts, 1);
	if (!shape || !axes) return null;
	const rank = shape.length + axes.length;
	const added = new Set(axes.map((axis) => wrap(axis, rank)));
	let from = 0;
	return [
		Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (shape[from++] ?? null))),
	];
};

const squeeze: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const axes = axesOf(node, facts, 1);
	if (!shape || axes === null) return null;
	const gone = axes && new Set(axes.map((axis) => wrap(axis, shape.length)));
	return [shape.filter((dim, axis) => (gone ? !gone.has(axis) : dim !== 1))];
};

const concat: Rule = (node, facts) => {
	const shapes = node.inputs.map((input) => facts.shapeOf(input));
	const first = shapes.find((shape) => shape !== null);
	if (!first) return null;
	const axis = wrap(intOf(node, 'axis') ?? 0, first.length);
	return [
		first.map((dim, at) => {
			const dims = shapes.map((shape) => shape?.[at] ?? null);
			if (at === axis) return dims.reduce(add);
			return dims.find((d) => typeof d === 'number') ?? dims.find((d) => d !== null) ?? dim;
		}),
	];
};

const split: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	const axis = wrap(intOf(node, 'axis') ?? 0, shape.length);
	const sizes =
		intsOf(node, 'split') ?? (node.inputs[1] ? facts.valueOf(node.inputs[1]) : undefined);
	const even = divide(shape[axis] ?? null, node.outputs.length);
	return node.outputs.map((_, i) =>
		shape.map((dim, at) => (at === axis ? (sizes ? (sizes[i] ?? null) : even) : dim)),
	);
};

const slice: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	const bounds = sliceBounds(node, facts);
	if (!bounds) return [shape.map(() => null)];
	const result = [...shape];
	for (const { axis, start, end, step } of bounds) {
		const at = wrap(axis, shape.length);
		if (at < result.length) result[at] = step === 1 ? spanOf(shape[at]!, start, end) : step === -1 ? turnedSpan(shape[at]!, start, end) : null; // prettier-ignore
	}
	return [result];
};

/** An axis turned round as a whole keeps its length. */
const turnedSpan = (size: Dim, start: Dim, end: Dim): Dim =>
	start === -1 && isFar(end) ? size : null;

/** Length of `start:end` of an axis. */
function spanOf(size: Dim, start: Dim, end: Dim): Dim {
	if (start === null || end === null) return null;
	const from = typeof start === 'number' && start < 0 ? add(size, start) : start;
	if (typeof end === 'number' && end >= 2 ** 31 - 1) return subtract(size, from);
	let to: Dim = typeof end === 'number' && end < 0 ? add(size, end) : end;
	if (typeof to === 'number' && typeof size === 'number') to = Math.min(to, size);
	const span = subtract(to, from);
	return typeof span === 'number' && span < 0 ? 0 : span;
}

const gather: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const indices = shapeAt(node, facts, 1);
	if (!shape || !indices) return null;
	const axis = wrap(intOf(node, 'axis') ?? 0, shape.length);
	return [[...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)]];
};

const expand: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const target = facts.valueOf(node.inputs[1] ?? '');
	if (target) return [shape ? broadcastShapes([shape, target]) : target];
	const rank = node.inputs[1] ? facts.shapeOf(node.inputs[1])?.[0] : null;
	if (!shape || typeof rank !== 'number' || rank > 16) return null;
	return [Array.from({ length: Math.max(rank, shape.length) }, (): Dim => null)];
};

const tile: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const repeats = facts.valueOf(node.inputs[1] ?? '');
	return (
		shape && [shape.map((dim, axis) => (repeats ? multiply(dim, repeats[axis] ?? null) : null))]
	);
};

const pad: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const pads = intsOf(node, 'pads') ?? facts.valueOf(node.inputs[1] ?? '');
	if (!shape) return null;
	const listed = node.inputs[3] ? facts.valueOf(node.inputs[3]) : shape.map((_, axis) => axis);
	if (!listed) return [shape.map(() => null)];
	const padded = listed.map((axis) => (typeof axis === 'number' ? wrap(axis, shape.length) : -1));
	return [
		shape.map((dim, axis) => {
			const at = padded.indexOf(axis);
			if (at < 0) return padded.includes(-1) ? null : dim;
			return add(add(dim, pads?.[at] ?? null), pads?.[at + padded.length] ?? null);
		}),
	];
};

const reduce: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const axes = axesOf(node, facts, 1);
	if (!shape || axes === null) return null;
	const gone = new Set(
		(axes ?? shape.map((_, axis) => axis)).map((axis) => wrap(axis, shape.length)),
	);
	if ((intOf(node, 'keepdims') ?? 1) === 1)
		return [shape.map((dim, axis) => (gone.has(axis) ? 1 : dim))];
	return [shape.filter((_, axis) => !gone.has(axis))];
};

const flatten: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return [[null, null]];
	const axis = wrap(intOf(node, 'axis') ?? 1, shape.length);
	return [[productOf(shape.slice(0, axis)), productOf(shape.slice(axis))]];
};

const convolution: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const weight = shapeAt(node, facts, 1);
	if (!shape || !weight) return null;
	return [[shape[0]!, weight[0]!, ...slid(node, shape.slice(2), weight.slice(2))]];
};

const pooling: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	return [
		[shape[0]!, shape[1]!, ...slid(node, shape.slice(2), intsOf(node, 'kernel_shape') ?? [])],
	];
};

/** Sizes after a kernel slid over them. */
function slid(node: FlatNode, sizes: Shape, kernel: Shape): Dim[] {
	const automatic = stringOf(node, 'auto_pad') ?? 'NOTSET';
	return sizes.map((size, axis) => {
		const window = kernel[axis] ?? null;
		const stride = intsOf(node, 'strides')?.[axis] ?? 1;
		if (automatic.startsWith('SAME')) {
			return stride === 1 ? size : typeof size === 'number' ? Math.ceil(size / stride) : null;
		}
		if (typeof window !== 'number') return null;
		const pads = intsOf(node, 'pads');
		const padded = (pads?.[axis] ?? 0) + (pads?.[axis + sizes.length] ?? 0);
		const reach = (window - 1) * (intsOf(node, 'dilations')?.[axis] ?? 1);
		if (stride === 1) return add(size, padded - reach);
		if (typeof size !== 'number') return null;
		const steps = (size + padded - reach - 1) / stride;
		return (intOf(node, 'ceil_mode') === 1 ? Math.ceil(steps) : Math.floor(steps)) + 1;
	});
}

/** `[T, directions, B, hidden]`, then the last states. */
const recurrence: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	const hidden = intOf(node, 'hidden_size') ?? null;
	const directions = stringOf(node, 'direction') === 'bidirectional' ? 2 : 1;
	const last = [directions, shape?.[1] ?? null, hidden];
	return [[shape?.[0] ?? null, ...last], last, last];
};

/** By steps of one, up or down. */
const range: Rule = (node, facts) => {
	const [start, limit, step] = node.inputs.map((name) => facts.valueOf(name)?.[0] ?? null);
	if (start === undefined || limit === undefined) return [[null]];
	if (step === 1) return [[subtract(limit, start)]];
	return [[step === -1 ? subtract(start, limit) : null]];
};

const matMulNBits: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	return shape && [[...shape.slice(0, -1), intOf(node, 'N') ?? null]];
};

const elementwise =
	'Add Sub Mul Div Pow Mod Where Max Min Sum Mean Equal Less Greater LessOrEqual GreaterOrEqual And Or Xor PRelu BiasGelu BiasAdd';
const alike =
	'Abs BatchNormalization BiasSoftmax BitmaskDropout Cast CastLike Ceil Clip Cos CumSum DequantizeLinear ' +
	'Dropout Elu Erf Exp FastGelu Floor Gelu GroupNormalization HardSigmoid HardSwish Hardmax ' +
	'Identity InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization Mish Neg Not ' +
	'QLinearSoftmax QuantizeLinear QuickGelu RMSNormalization Reciprocal Relu Round ScatterElements ScatterND Selu ' +
	'Sigmoid Sign SimplifiedLayerNormalization Sin SkipLayerNormalization SkipSimplifiedLayerNormalization Softmax ' +
	'Softplus Softsign Sqrt Swish Tan Tanh TensorScatter ThresholdedRelu Trilu RotaryEmbedding';
const reductions =
	'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare';

const listed = (names: string, rule: Rule) => names.split(' ').map((name) => [name, rule] as const);

export const shapeRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
	...listed(elementwise, broadcast),
	...listed(alike, same),
	...listed(reductions, reduce),
	...listed(
		'MatMul MatMulInteger FusedMatMul TransposeMatMul Gemm MatMulIntegerToFloat DynamicQuantizeMatMul',
		fused,
	),
	['DynamicQuantizeLinear', (node, facts) => [shapeAt(node, facts, 0), [], []]],
	['QLinearMatMul', (node, facts) => [product(shapeAt(node, facts, 0), shapeAt(node, facts, 3))]],
	['Einsum', einsum],
	['Transpose', transpose],
	['Reshape', reshape],
	['Unsqueeze', unsqueeze],
	['Squeeze', squeeze],
	['Concat', concat],
	['Split', split],
	['Slice', slice],
	['Gather', gather],
	['GatherElements', (node, facts) => [shapeAt(node, facts, 1)]],
	['Expand', expand],
	['Tile', tile],
	['Pad', pad],
	['Flatten', flatten],
	['Conv', convolution],
	...listed('MaxPool AveragePool LpPool', pooling),
	...listed('LSTM GRU RNN', recurrence),
	...listed('GlobalAveragePool GlobalMaxPool', (node, facts) => {
		const shape = shapeAt(node, facts, 0);
		return shape && [shape.map((dim, axis) => (axis < 2 ? dim : 1))];
	}),
	['MatMulNBits', matMulNBits],
	['Shape', (node, facts) => [[shapeAt(node, facts, 0)?.length ?? null]]],
	['Size', () => [[]]],
	['ConstantOfShape', (node, facts) => [facts.valueOf(node.inputs[0] ?? '')]],
	['Range', range],
	...moreShapeRules,
]);
