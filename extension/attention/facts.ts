import { branchShapes } from './branch-shapes.ts';
import { declaredDim, freshDim, type Dim } from './dims.ts';
import { dtypeAfter } from './dtypes.ts';
import { isStandard, type FlatNode } from './flat-node.ts';
import type { Inference, Shape, Value } from './inference.ts';
import { enteredBy } from './loop-shapes.ts';
import type { Scope } from './scope.ts';
import { shapeRules } from './shape-rules.ts';
import { uniformOf } from './uniform.ts';
import { LONGEST_VALUE, valueRules } from './value-rules.ts';

/** Shapes, dtypes and small values of a scope's tensors, inferred in graph order; null where nothing is known. */
export class Facts implements Inference {
	private readonly shapes = new Map<string, Shape | null>();
	private readonly values = new Map<string, Value | null>();
	private readonly dtypes = new Map<string, string>();

	constructor(
		readonly scope: Scope,
		readonly parent: Facts | null,
	) {
		const { inputs, valueInfo, outputs } = scope.graph;
		for (const info of [...valueInfo.values(), ...outputs, ...inputs]) {
			if (info.dtype) this.dtypes.set(info.name, info.dtype);
			if (info.shape) this.shapes.set(info.name, info.shape.map(symbolsFor(info.name)));
		}
		this.enter();
		for (const node of scope.nodes) this.follow(node);
	}

	shapeOf(name: string): Shape | null {
		const known = this.shapes.get(name);
		if (known !== undefined) return known;
		const constant = this.scope.constantOf(name);
		return constant ? constant.dims : (this.parent?.shapeOf(name) ?? null);
	}

	rankOf(name: string): number | null {
		return this.shapeOf(name)?.length ?? null;
	}

	/** Elements of a small tensor, row-major; each null where it is not known. */
	valueOf(name: string): Value | null {
		const known = this.values.get(name);
		if (known !== undefined) return known;
		const constant = this.scope.constantOf(name);
		if (!constant) return this.parent?.valueOf(name) ?? null;
		return constant.values && constant.values.length <= LONGEST_VALUE ? constant.values : null;
	}

	/** The number that a tensor holds, if it holds one number alone, however often. */
	numberOf(name: string): number | null {
		return uniformOf(name, this.scope, (inner) => this.knownNumber(inner));
	}

	private knownNumber(name: string): number | null {
		const tensor = this.scope.constantOf(name);
		if (tensor?.pattern?.kind === 'fill') return tensor.pattern.value;
		const constant = tensor?.values;
		const value = constant ?? this.valueOf(name);
		const first = value?.[0];
		if (typeof first !== 'number') return null;
		return value!.every((x) => x === first) ? first : null;
	}

	dtypeOf(name: string): string | null {
		return (
			this.dtypes.get(name) ??
			this.scope.constantOf(name)?.dtype ??
			this.parent?.dtypeOf(name) ??
			null
		);
	}

	/** What goes round in a loop, and what it takes turn by turn, has the shape that it is given with. */
	private enter(): void {
		const { scope, parent } = this;
		const { owner } = scope;
		if (!owner || !parent) return;
		for (const { name, shape, dtype } of enteredBy(owner, scope, parent)) {
			const known = merged(this.shapes.get(name) ?? null, shape);
			if (known) this.shapes.set(name, known);
			if (dtype && !this.dtypes.has(name)) this.dtypes.set(name, dtype);
		}
	}

	private follow(node: FlatNode): void {
		const known = isStandard(node) || node.domain === 'com.microsoft';
		const shapes =
			node.opType === 'If'
				? branchShapes(node, this, shapeRules, valueRules)
				: known
					? shapeRules.get(node.opType)?.(node, this)
					: undefined;
		const value = isStandard(node) ? valueRules.get(node.opType)?.(node, this) : undefined;
		const dtype = dtypeAfter(node, (name) => this.dtypeOf(name));
		node.outputs.forEach((output, at) => {
			if (!output) return;
			const shape = merged(this.shapes.get(output) ?? null, shapes?.[at] ?? null);
			if (shape)
				this.shapes.set(output, shape.includes(null) ? shape.map(freshFor(output)) : shape);
			if (dtype) this.dtypes.set(output, dtype);
			if (at === 0 && value && value.length <= LONGEST_VALUE) this.values.set(output, value);
		});
	}
}

/** An undeclared dimension is a symbol of its own: the same tensor's size wherever it goes. */
const symbolsFor = (tensor: string) => (dim: Dim, axis: number) => {
	if (dim === null) return `?${tensor.replace(/[*+]/g, '·')}.${axis}`;
	return typeof dim === 'string' ? declaredDim(dim) : dim;
};

/** A size that inference could not give is still the same size wherever the tensor goes. */
const freshFor = (tensor: string) => (dim: Dim, axis: number) =>
	dim ?? freshDim(`${tensor}.${axis}`);

/** What the graph implies, and where that is unknown, what the file declares. */
function merged(declared: Shape | null, inferred: Shape | null): Shape | null {
	if (!inferred || !declared) return inferred ?? declared;
	if (declared.length !== inferred.length) return declared;
	return inferred.map((dim, axis) => {
		const said = declared[axis] ?? null;
		return dim === null || (typeof dim !== 'number' && typeof said === 'number') ? said : dim;
	});
}
