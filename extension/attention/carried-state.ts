import type { Facts } from './facts.ts';
import { intOf, intsOf, type FlatNode } from './flat-node.ts';
import { behindCopies } from './scope.ts';
import { squeezedBy, stepBack, stepOn, type Frame, type Outside } from './state-frame.ts';

interface Place {
	readonly name: string;
	readonly axis: number | 'own';
}

/** A value that a loop hands from one turn to the next. */
export interface CarriedState {
	/** In the body: as it comes in and as it goes out. */
	readonly before: string;
	readonly after: string;
	/** Outside: the first and the last one. */
	readonly start: string;
	readonly last: string;
}

/** How the body of a `Scan` or `Loop` is tied to what is around it. */
export class LoopFrame implements Frame {
	readonly around: Facts;
	readonly states: readonly CarriedState[];
	private readonly stateCount: number;
	private readonly isScan: boolean;
	private readonly branches: readonly FlatNode[];

	constructor(
		private readonly facts: Facts,
		private readonly owner: FlatNode,
	) {
		const { inputs, outputs } = facts.scope.graph;
		this.around = facts.parent ?? facts;
		this.isScan = owner.opType === 'Scan';
		this.branches = facts.scope.nodes.filter(({ opType }) => opType === 'If');
		const scanned = intOf(owner, 'num_scan_inputs') ?? 0;
		this.stateCount = this.isScan ? inputs.length - scanned : inputs.length - 2;
		const [firstIn, firstOut] = this.isScan ? [0, 0] : [2, 1];
		this.states = Array.from({ length: Math.max(0, this.stateCount) }, (_, i) => ({
			before: inputs[firstIn + i]?.name ?? '',
			after: outputs[firstOut + i]?.name ?? '',
			start: owner.inputs[i + (this.isScan ? 0 : 2)] ?? '',
			last: owner.outputs[i] ?? '',
		}));
	}

	sourceOf(name: string): Outside | null {
		let current = name;
		let factor = 1;
		const changes: string[] = [];
		for (let steps = 0; steps < 12; steps++) {
			const node = this.facts.scope.producerOf(current);
			const taken = this.scanInput(current) ?? (node ? this.takenByTurn(node) : null);
			if (taken) return { ...taken, changes, factor };
			const step = stepBack(current, this.facts);
			if (!step) return null;
			if (step.change !== null) changes.push(step.change);
			factor *= step.factor;
			current = step.from;
		}
		return null;
	}

	resultOf(name: string): Outside | null {
		const queue = [{ name, changes: [] as string[], factor: 1 }];
		for (let at = 0; at < queue.length && at < 24; at++) {
			const { name: current, changes, factor } = queue[at]!;
			const collected = this.collected(current);
			if (collected) return { ...collected, changes, factor };
			const squeezed = this.branches.filter((node) => squeezedBy(node) === current);
			for (const node of [...this.facts.scope.consumersOf(current), ...squeezed]) {
				const output = node.outputs[0];
				const still = squeezed.includes(node) ? { change: null, factor: 1 } : null;
				const step = output ? (still ?? stepOn(node, current, this.facts)) : null;
				if (!output || !step) continue;
				const after = step.change === null ? changes : [...changes, step.change];
				queue.push({ name: output, changes: after, factor: factor * step.factor });
			}
		}
		return null;
	}

	private scanInput(name: string): Place | null {
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
	private takenByTurn(node: FlatNode): Place | null {
		const turn = this.facts.scope.graph.inputs[0]?.name;
		const [data = '', index = ''] = node.inputs;
		if (this.isScan || turn === undefined || node.opType !== 'Gather') return null;
		const isTurn = index === turn || this.facts.scope.producerOf(index)?.inputs[0] === turn;
		const outside = this.facts.scope.producerOf(data);
		if (!isTurn || (outside && this.facts.scope.nodes.includes(outside))) return null;
		return { name: data, axis: intOf(node, 'axis') ?? 0 };
	}

	private collected(name: string): Place | null {
		const { outputs } = this.facts.scope.graph;
		const first = this.isScan ? 0 : 1;
		const at = outputs.findIndex((output) => output.name === name) - first - this.stateCount;
		if (at >= 0) {
			const outer = this.owner.outputs[at + this.stateCount];
			return outer
				? { name: outer, axis: intsOf(this.owner, 'scan_output_axes')?.[at] ?? 0 }
				: null;
		}
		return this.inSequence(name) ?? this.inCarried(name);
	}

	/** `Concat(before, value)` or `ScatterND(before, turn, value)` of what is carried, which holds all turns after the last one. */
	private inCarried(name: string): Place | null {
		for (const { opType, inputs, outputs, attributes } of this.facts.scope.consumersOf(name)) {
			const [whole = '', second, third] = inputs;
			const before = behindCopies(this.facts.scope, whole);
			const state = this.states.find((each) => each.before === before && each.last !== '');
			if (!state || behindCopies(this.facts.scope, state.after) !== outputs[0]) continue;
			if (opType === 'ScatterND' && third === name) return { name: state.last, axis: 'own' };
			const axis = attributes.get('axis');
			const joins = opType === 'Concat' && inputs.length === 2 && second === name;
			if (joins && axis?.kind === 'int')
				return { name: state.last, axis: this.wrapped(axis.value, name) };
		}
		return null;
	}

	private wrapped(axis: number, name: string): number | 'own' {
		const rank = this.facts.rankOf(name);
		if (axis >= 0) return axis;
		return rank === null ? 'own' : axis + rank;
	}

	/** `SequenceInsert(list, value)` in the body, `ConcatFromSequence` of the list after it. */
	private inSequence(name: string): Place | null {
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
