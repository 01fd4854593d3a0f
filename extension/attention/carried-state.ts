import type { Facts } from './facts.ts';
import { intOf, intsOf, type FlatNode } from './flat-node.ts';

/** A value that a loop hands from one turn to the next. */
export interface CarriedState {
	/** In the body: as it comes in and as it goes out. */
	readonly before: string;
	readonly after: string;
	/** Outside: the last one. */
	readonly last: string;
}

/** Where a value of a loop's body stands outside, over all turns. */
export interface Outside {
	readonly name: string;
	/** Axis of the outer tensor that runs over turns. */
	readonly axis: number;
	/** Operators between the two that change the numbers. */
	readonly changes: readonly string[];
}

/** How the body of a `Scan` or `Loop` is tied to what is around it. */
export class LoopFrame {
	readonly states: readonly CarriedState[];
	private readonly stateCount: number;
	private readonly isScan: boolean;

	constructor(
		private readonly facts: Facts,
		private readonly owner: FlatNode,
	) {
		const { inputs, outputs } = facts.scope.graph;
		this.isScan = owner.opType === 'Scan';
		const scanned = intOf(owner, 'num_scan_inputs') ?? 0;
		this.stateCount = this.isScan ? inputs.length - scanned : inputs.length - 2;
		const [firstIn, firstOut] = this.isScan ? [0, 0] : [2, 1];
		this.states = Array.from({ length: Math.max(0, this.stateCount) }, (_, i) => ({
			before: inputs[firstIn + i]?.name ?? '',
			after: outputs[firstOut + i]?.name ?? '',
			last: owner.outputs[i] ?? '',
		}));
	}

	/** The sequence that a value of one turn is taken from; null where it is made inside. */
	sourceOf(name: string): Outside | null {
		let current = name;
		const changes: string[] = [];
		for (let steps = 0; steps < 12; steps++) {
			const scanned = this.scanInput(current);
			if (scanned) return { ...scanned, changes };
			const node = this.facts.scope.producerOf(current);
			if (!node) return null;
			const taken = this.takenByTurn(node);
			if (taken) return { ...taken, changes };
			if (!copies.has(node.opType) && !mapping.has(node.opType)) return null;
			if (mapping.has(node.opType)) changes.push(node.opType);
			current = node.inputs.find((input) => input && !this.facts.scope.isConstant(input)) ?? '';
		}
		return null;
	}

	/** The sequence that collects a value of each turn; null where none does. */
	resultOf(name: string): Outside | null {
		const queue = [{ name, changes: [] as string[] }];
		for (let at = 0; at < queue.length && at < 24; at++) {
			const { name: current, changes } = queue[at]!;
			const collected = this.collected(current);
			if (collected) return { ...collected, changes };
			for (const node of this.facts.scope.consumersOf(current)) {
				const output = node.outputs[0];
				if (!output || (!copies.has(node.opType) && !mapping.has(node.opType))) continue;
				queue.push({
					name: output,
					changes: mapping.has(node.opType) ? [...changes, node.opType] : changes,
				});
			}
		}
		return null;
	}

	private scanInput(name: string): Omit<Outside, 'changes'> | null {
		if (!this.isScan) return null;
		const at =
			this.facts.scope.graph.inputs.findIndex((input) => input.name === name) - this.stateCount;
		// before opset 9 the lengths of the sequences stand first
		const shift = this.facts.scope.opset < 9 ? 1 : 0;
		const outer = at < 0 ? undefined : this.owner.inputs[at + this.stateCount + shift];
		return outer
			? { name: outer, axis: (intsOf(this.owner, 'scan_input_axes')?.[at] ?? 0) + shift }
			: null;
	}

	/** `Gather(sequence, turn)`, or a slice of one turn. */
	private takenByTurn(node: FlatNode): Omit<Outside, 'changes'> | null {
		const turn = this.facts.scope.graph.inputs[0]?.name;
		const [data = '', index = ''] = node.inputs;
		if (this.isScan || turn === undefined || node.opType !== 'Gather') return null;
		const isTurn = index === turn || this.facts.scope.producerOf(index)?.inputs[0] === turn;
		const outside = this.facts.scope.producerOf(data);
		if (!isTurn || (outside && this.facts.scope.nodes.includes(outside))) return null;
		return { name: data, axis: intOf(node, 'axis') ?? 0 };
	}

	private collected(name: string): Omit<Outside, 'changes'> | null {
		const { outputs } = this.facts.scope.graph;
		const first = this.isScan ? 0 : 1;
		const at = outputs.findIndex((output) => output.name === name) - first - this.stateCount;
		if (at >= 0) {
			const outer = this.owner.outputs[at + this.stateCount];
			return outer
				? { name: outer, axis: intsOf(this.owner, 'scan_output_axes')?.[at] ?? 0 }
				: null;
		}
		return this.inSequence(name);
	}

	/** `SequenceInsert(list, value)` in the body, `ConcatFromSequence` of the list after it. */
	private inSequence(name: string): Omit<Outside, 'changes'> | null {
		const insert = this.facts.scope
			.consumersOf(name)
			.find(({ opType }) => opType === 'SequenceInsert');
		const list = this.states.find(({ after }) => after === insert?.outputs[0]);
		const joined =
			list &&
			this.facts.parent?.scope
				.consumersOf(list.last)
				.find(({ opType }) => opType === 'ConcatFromSequence');
		const output = joined?.outputs[0];
		return joined && output ? { name: output, axis: intOf(joined, 'axis') ?? 0 } : null;
	}
}

const copies = new Set(['Identity', 'Cast', 'Unsqueeze', 'Squeeze', 'Reshape', 'Transpose']);
const mapping = new Set(['Exp', 'Sigmoid', 'Neg', 'Mul', 'Softplus']);
