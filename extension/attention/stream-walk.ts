import type { FlatNode } from './flat-node.ts';
import type { Scope } from './scope.ts';

/** A sum that carries tokens on. */
export interface Residual {
	readonly before: string;
	readonly increment: string;
	readonly after: string;
}

/** Operators that hand their first input on, changed in scale or form at most. */
const handing = new Set([
	'LayerNormalization',
	'SimplifiedLayerNormalization',
	'RMSNormalization',
	'InstanceNormalization',
	'Identity',
	'Cast',
	'Dropout',
	'Reshape',
	'Squeeze',
	'Unsqueeze',
	'Clip',
]);
const inverting = new Set(['Reciprocal', 'Pow', 'Div', 'Sqrt']);
const FURTHEST = 16;
/** Nodes looked at to tell whether one tensor is made from another. */
const MOST_NODES = 4000;

/** Walks a graph backward along the sums that carry tokens through the depth. */
export class StreamWalk {
	private readonly order = new Map<string, number>();

	constructor(readonly scope: Scope) {
		scope.nodes.forEach((node, at) => {
			for (const output of node.outputs) if (output) this.order.set(output, at);
		});
	}

	/** Place of the tensor's node in the graph; −1 for an input or a weight. */
	orderOf(name: string): number {
		return this.order.get(name) ?? -1;
	}

	/** Whether `name` is made from `origin`, as far as the nodes between them tell. */
	dependsOn(name: string, origin: string): boolean {
		if (name === origin) return true;
		const first = this.orderOf(origin);
		const queue = [name];
		const seen = new Set(queue);
		while (queue.length > 0 && seen.size < MOST_NODES) {
			for (const input of this.scope.producerOf(queue.pop()!)?.inputs ?? []) {
				if (input === origin) return true;
				if (!input || seen.has(input) || this.orderOf(input) < first) continue;
				seen.add(input);
				queue.push(input);
			}
		}
		return false;
	}

	/** The two operands of a sum that both come from the model's inputs; null for any other node. */
	operands(node: FlatNode | undefined): readonly [string, string] | null {
		const [a, b] = node?.inputs ?? [];
		if (node?.opType !== 'Add' || !a || !b) return null;
		return this.scope.isConstant(a) || this.scope.isConstant(b) ? null : [a, b];
	}

	/** What a node hands on, where it changes one tensor by weights, its own mean or its own size alone. */
	handedOn(node: FlatNode | undefined): string | null {
		const [a, b] = node?.inputs ?? [];
		if (!node || !a) return null;
		if (handing.has(node.opType)) return a;
		if (!b) return null;
		const { scope } = this;
		switch (node.opType) {
			case 'Div':
				return scope.isConstant(a) ? null : a;
			case 'MatMul':
			case 'Gemm':
				return scope.isConstant(b) ? a : null;
			case 'Sub':
				return scope.isConstant(b) || this.dependsOn(b, a) ? a : null;
			case 'Add':
			case 'Mul':
				if (scope.isConstant(b)) return a;
				if (scope.isConstant(a)) return b;
				return node.opType === 'Mul' && this.isInverse(b) ? a : null;
			default:
				return null;
		}
	}

	private isInverse(name: string): boolean {
		const node = this.scope.producerOf(name);
		return node !== undefined && inverting.has(node.opType);
	}

	/** The sum that a position is, behind its normalisation where it has one. */
	residualBehind(position: string): Omit<Residual, 'after'> | null {
		let current = position;
		for (let steps = 0; steps < FURTHEST; steps++) {
			const node = this.scope.producerOf(current);
			const operands = this.operands(node);
			if (operands) return this.split(operands);
			const next = this.handedOn(node);
			if (next === null || this.scope.isConstant(next)) return null;
			current = next;
		}
		return null;
	}

	/** Of the parts of a sum the one that the others are made from is the position. */
	private split([a, b]: readonly [string, string]): Omit<Residual, 'after'> | null {
		if (this.dependsOn(b, a)) return { before: a, increment: b };
		if (this.dependsOn(a, b)) return { before: b, increment: a };
		// attention and feed-forward side by side: two increments of one position
		for (const [sum, other] of [
			[a, b],
			[b, a],
		] as const) {
			const inner = this.operands(this.scope.producerOf(sum));
			if (!inner) continue;
			for (const [before, increment] of [inner, [inner[1], inner[0]] as const]) {
				if (this.dependsOn(increment, before) && this.dependsOn(other, before))
					return { before, increment: sum };
			}
		}
		return null;
	}

	/** Tensors that are such sums, the nearest to `end` first. */
	sumsBefore(end: string, most: number): string[] {
		const found: string[] = [];
		const queue = [end];
		const seen = new Set(queue);
		for (let at = 0; at < queue.length && at < 200 && found.length < most; at++) {
			const node = this.scope.producerOf(queue[at]!);
			const operands = this.operands(node);
			if (operands && this.split(operands)) found.push(queue[at]!);
			for (const input of node?.inputs ?? []) {
				if (!input || seen.has(input) || this.scope.isConstant(input)) continue;
				seen.add(input);
				queue.push(input);
			}
		}
		return found;
	}
}
