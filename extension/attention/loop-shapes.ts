import type { Graph } from '../onnx/model-index.ts';
import type { FlatNode } from './flat-node.ts';
import { intOf, intsOf } from './flat-node.ts';
import type { Inference, Shape } from './inference.ts';
import type { Scope } from './scope.ts';

interface Entered {
	readonly name: string;
	readonly shape: Shape | null;
	readonly dtype: string | null;
}

/** Inputs of the body of a `Scan` or `Loop`, as the graph around feeds them. */
export function enteredBy(owner: FlatNode, scope: Scope, around: Inference): Entered[] {
	const names = scope.graph.inputs.map(({ name }) => name);
	const from = (outer: string, shape: Shape | null, name: string): Entered => ({
		name,
		shape,
		dtype: around.dtypeOf(outer),
	});
	if (owner.opType === 'Loop') {
		return names.slice(2).map((name, at) => {
			const outer = owner.inputs[at + 2] ?? '';
			return from(outer, around.shapeOf(outer), name);
		});
	}
	// before opset 9 the lengths of the sequences stand first, and every sequence has a batch axis
	if (owner.opType !== 'Scan' || scope.opset < 9) return [];
	const states = names.length - (intOf(owner, 'num_scan_inputs') ?? 0);
	const axes = intsOf(owner, 'scan_input_axes');
	return names.map((name, at) => {
		const outer = owner.inputs[at] ?? '';
		const shape = around.shapeOf(outer);
		if (at < states || !shape) return from(outer, shape, name);
		const said = axes?.[at - states] ?? 0;
		const turns = said < 0 ? said + shape.length : said;
		return from(
			outer,
			shape.filter((_, axis) => axis !== turns),
			name,
		);
	});
}

/** Shapes of what a `Scan` or `Loop` returns, as far as its body declares them: the last states, then one result for all turns. */
export function leftBy(owner: FlatNode, around: Inference): (Shape | null)[] | null {
	const body = owner.attributes.get('body');
	if (body?.kind !== 'graph') return null;
	const { inputs, outputs } = body.value;
	const isLoop = owner.opType === 'Loop';
	// before opset 9 the lengths of the sequences stand first, and every sequence has a batch axis
	if (!isLoop && owner.inputs.length !== inputs.length) return null;
	const scanned = intOf(owner, 'num_scan_inputs') ?? 0;
	const states = inputs.length - (isLoop ? 2 : scanned);
	const axes = intsOf(owner, 'scan_output_axes');
	const turns = isLoop ? null : turnsOf(owner, states, around);
	return outputs.slice(isLoop ? 1 : 0).map(({ name, shape }, at) => {
		const declared = shape?.map((dim) => (typeof dim === 'number' ? dim : null)) ?? null;
		if (at < states) {
			const start = around.shapeOf(owner.inputs[at + (isLoop ? 2 : 0)] ?? '');
			if (isFilled(inputs[at + (isLoop ? 2 : 0)]?.name, name, body.value)) return start;
			// a state may grow from turn to turn: only its rank is sure
			return declared ?? start?.map(() => null) ?? null;
		}
		const said = axes?.[at - states] ?? 0;
		const axis = declared && said < 0 ? said + declared.length + 1 : said;
		return declared && [...declared.slice(0, axis), turns, ...declared.slice(axis)];
	});
}

/** Whether a turn only puts something into what it is given. */
function isFilled(before: string | undefined, after: string, { nodes }: Graph): boolean {
	const behind = (name: string, passing: RegExp) => {
		let current = name;
		for (let steps = 0; steps < 8; steps++) {
			const node = nodes.find(({ outputs }) => outputs[0] === current);
			if (!node || !passing.test(node.opType)) break;
			current = node.inputs[0] ?? '';
		}
		return current;
	};
	const put = nodes.find(({ outputs }) => outputs[0] === behind(after, copying));
	return put !== undefined && scattering.test(put.opType) && behind(after, /^(Identity|Cast|CastLike|Scatter\w+)$/) === before; // prettier-ignore
}

const copying = /^(Identity|Cast|CastLike)$/;
const scattering = /^Scatter/;

function turnsOf(owner: FlatNode, states: number, around: Inference) {
	const shape = around.shapeOf(owner.inputs[states] ?? '');
	const axis = intsOf(owner, 'scan_input_axes')?.[0] ?? 0;
	return shape?.at(axis) ?? null;
}
