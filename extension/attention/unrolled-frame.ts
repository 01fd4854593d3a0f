import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import { sliceBounds } from './value-rules.ts';
import { withoutOpenAxes } from './weights.ts';
import { stepBack, stepOn, type Frame, type Outside } from './state-frame.ts';

type Place = Pick<Outside, 'name' | 'axis'>;

/** Turns written one after the other: each takes its slice of a sequence, and their results are put together. */
export class UnrolledFrame implements Frame {
	constructor(readonly around: Facts) {}

	sourceOf(name: string): Outside | null {
		let current = name;
		let factor = 1;
		const changes: string[] = [];
		for (let steps = 0; steps < 12; steps++) {
			const node = this.around.scope.producerOf(current);
			const taken = node && this.taken(node);
			if (taken) return { ...taken, changes, factor };
			const step = stepBack(current, this.around);
			if (!step) break;
			if (step.change !== null) changes.push(step.change);
			factor *= step.factor;
			current = step.from;
		}
		// one turn alone, or each made for itself: the value as it stands
		return { name: withoutOpenAxes(name, this.around), axis: null, changes: [], factor: 1 };
	}

	resultOf(name: string): Outside | null {
		const queue = [{ name, changes: [] as string[], factor: 1 }];
		for (let at = 0; at < queue.length && at < 24; at++) {
			const { name: current, changes, factor } = queue[at]!;
			for (const node of this.around.scope.consumersOf(current)) {
				const [output] = node.outputs;
				if (!output) continue;
				const place = this.collected(node, current);
				if (place) return { ...place, changes, factor };
				const step = stepOn(node, current, this.around);
				if (!step || step.change !== null) continue;
				queue.push({ name: output, changes, factor: factor * step.factor });
			}
		}
		return { name, axis: null, changes: [], factor: 1 };
	}

	/** One element of a longer axis. */
	private taken(node: FlatNode): Place | null {
		const [data = '', index = ''] = node.inputs;
		if (this.around.scope.isConstant(data)) return null;
		const shape = this.around.shapeOf(data);
		const wrap = (axis: number) => (axis < 0 && shape ? axis + shape.length : axis);
		if (node.opType === 'Gather') {
			if (this.around.valueOf(index)?.length !== 1) return null;
			return { name: data, axis: wrap(intOf(node, 'axis') ?? 0) };
		}
		if (node.opType === 'Split' && node.outputs.length > 1) {
			const axis = wrap(intOf(node, 'axis') ?? 0);
			const one = this.around.shapeOf(node.outputs[0]!)?.[axis] === 1;
			return one ? { name: data, axis } : null;
		}
		if (node.opType !== 'Slice') return null;
		const cut = sliceBounds(node, this.around)?.find(
			({ axis }) => this.around.shapeOf(node.outputs[0]!)?.[wrap(axis)] === 1,
		);
		return cut ? { name: data, axis: wrap(cut.axis) } : null;
	}

	/** A Concat of all turns, or the last of several writings into one tensor. */
	private collected(node: FlatNode, from: string): Place | null {
		const [output = ''] = node.outputs;
		if (node.opType === 'Concat' && node.inputs.length > 1)
			return { name: output, axis: intOf(node, 'axis') ?? 0 };
		if (node.opType !== 'ScatterND' || node.inputs[2] !== from) return null;
		let last = output;
		for (let steps = 0; steps < 4096; steps++) {
			const next = this.around.scope
				.consumersOf(last)
				.find(({ opType, inputs }) => opType === 'ScatterND' && inputs[0] === last);
			if (!next?.outputs[0]) break;
			last = next.outputs[0];
		}
		return { name: last, axis: 'own' };
	}
}
