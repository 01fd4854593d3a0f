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
