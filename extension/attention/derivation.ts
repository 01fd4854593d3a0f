import type { DerivedAttribute, DerivedNode } from '../protocol/model.ts';
import type { Scope } from './scope.ts';

type Attributes = Readonly<Record<string, DerivedAttribute>>;

/** From here on Slice takes its bounds as inputs. */
const BOUNDS_ARE_INPUTS = 10;

/**
 * Writes down the nodes that compute what a fused operator hides. Their tensors are called
 * `attnscope/<first output of the operator>/<role>`, which no exporter writes; those on the way to one have a number.
 */
export class Derivation {
	private readonly nodes: DerivedNode[] = [];
	private readonly known = new Map<string, string>();
	private readonly root: string;

	constructor(
		private readonly scope: Scope,
		operatorOutput: string,
	) {
		let root = `attnscope/${operatorOutput}`;
		const isTaken = (name: string) =>
			scope.producerOf(name) ?? scope.inputOf(name) ?? scope.constantOf(name);
		while (['0', 'q', 'k', 'v'].some((end) => isTaken(`${root}/${end}`))) root += "'";
		this.root = root;
	}

	/** The output of a node; the same one where such a node is there already. */
	node(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
		const key = JSON.stringify([op, inputs, attributes, domain]);
		const before = this.known.get(key);
		if (before !== undefined) return before;
		const output = `${this.root}/${this.nodes.length}`;
		this.nodes.push({ op, domain, inputs: [...inputs], outputs: [output], attributes });
		this.known.set(key, output);
		return output;
	}

	/** The same tensor under the name of its role; a tensor of the graph keeps the name that it has. */
	named(role: string, tensor: string): string {
		if (!this.nodes.some(({ outputs }) => outputs[0] === tensor)) return tensor;
		const output = `${this.root}/${role}`;
		const at = this.nodes.findIndex(({ outputs }) => outputs[0] === output);
		if (at < 0) {
			this.nodes.push({
				op: 'Identity',
				domain: '',
				inputs: [tensor],
				outputs: [output],
				attributes: {},
			});
		}
		return output;
	}

	/** A node with several outputs, called by their roles; a null one is left out. */
	copy(node: Omit<DerivedNode, 'outputs'>, roles: readonly (string | null)[]): string[] {
		const outputs = roles.map((role) => (role === null ? '' : `${this.root}/${role}`));
		this.nodes.push({ ...node, outputs });
		return outputs;
	}

	/** What the named tensors are computed from, in the order of the dataflow. */
	behind(tensors: readonly string[]): DerivedNode[] {
		const wanted = new Set(tensors);
		const needed = this.nodes.toReversed().filter(({ inputs, outputs }) => {
			if (!outputs.some((name) => wanted.has(name))) return false;
			for (const name of inputs) wanted.add(name);
			return true;
		});
		return needed.toReversed();
	}

	int64(values: readonly number[]): string {
		return this.constant('int64', values, [values.length]);
	}

	scalar(dtype: 'int64' | 'float32', value: number): string {
		return this.constant(dtype, [value], []);
	}

	/** Sizes as in Reshape: 0 keeps that of the same place, −1 is what is left. */
	reshape(x: string, shape: readonly number[]): string {
		return this.node('Reshape', [x, this.int64(shape)]);
	}

	transpose(x: string, perm: readonly number[]): string {
		return this.node('Transpose', [x], { perm: ints(perm) });
	}

	/** One place of an axis, which is left out of the result. */
	pick(x: string, axis: number, at: number): string {
		return this.node('Gather', [x, this.scalar('int64', at)], { axis: int(axis) });
	}

	slice(x: string, axis: number, from: number, to: number): string {
		if (this.scope.opset < BOUNDS_ARE_INPUTS) {
			const attributes = { axes: ints([axis]), starts: ints([from]), ends: ints([to]) };
			return this.node('Slice', [x], attributes);
		}
		return this.node('Slice', [x, ...[[from], [to], [axis]].map((list) => this.int64(list))]);
	}

	/** The first places of an axis, as many as an int64 tensor of one element says; all in operator sets that cannot. */
	upTo(x: string, axis: number, count: string): string {
		if (this.scope.opset < BOUNDS_ARE_INPUTS) return x;
		return this.node('Slice', [x, this.int64([0]), count, this.int64([axis])]);
	}

	/** One behind the other along an axis. */
	join(parts: readonly string[], axis: number): string {
		return this.node('Concat', parts, { axis: int(axis) });
	}

	/** How many there are along an axis, as one int64 in an axis of its own. */
	sizeOf(x: string, axis: number): string {
		return this.node('Gather', [this.node('Shape', [x]), this.int64([axis])], { axis: int(0) });
	}

	float(x: string): string {
		return this.node('Cast', [x], { to: int(1) });
	}

	private constant(dtype: string, values: readonly number[], shape: readonly number[]): string {
		const value: DerivedAttribute = {
			type: 'tensor',
			values: [...values],
			tensor: { dtype, shape: [...shape] },
		};
		return this.node('Constant', [], { value });
	}
}

export const int = (value: number): DerivedAttribute => ({
	type: 'int',
	values: [value],
	tensor: null,
});
export const ints = (values: readonly number[]): DerivedAttribute => ({
	type: 'ints',
	values: [...values],
	tensor: null,
});
export const float = (value: number): DerivedAttribute => ({
	type: 'float',
	values: [value],
	tensor: null,
});
