import { LoopFrame, type CarriedState } from './carried-state.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { readOuter } from './outer-product.ts';
import { readingsOf, type Reading } from './state-reading.ts';
import { describeRecurrence } from './state-site.ts';
import { productsIn, readUpdate } from './state-update.ts';

/** A `Scan` or `Loop` whose state is changed by an outer product in each turn: linear, gated, delta or gated delta. */
export const recurrentState: FormFinder = {
	id: 'recurrent',
	find(facts) {
		const { owner } = facts.scope;
		if (!owner || (owner.opType !== 'Scan' && owner.opType !== 'Loop')) return [];
		const frame = new LoopFrame(facts, owner);
		const found = frame.states.flatMap((state) => readLoop(state, frame, owner, facts) ?? []);
		return found.filter((finding, at) => !isShadow(finding, at, found));
	},
};

/** Of several states that the same keys and values are written to, the one whose answers are collected. */
function isShadow({ site }: Finding, at: number, found: readonly Finding[]): boolean {
	return found.some(({ site: other }, place) => {
		const alike = ['k', 'v'].every(
			(role) => site.tensors[role]?.name === other.tensors[role]?.name,
		);
		if (place === at || !alike) return false;
		const [own, its] = [site, other].map(({ tensors }) => (tensors['output'] ? 1 : 0));
		return its! > own! || (its === own && place < at);
	});
}

function readLoop(
	state: CarriedState,
	frame: LoopFrame,
	owner: FlatNode,
	facts: Facts,
): Finding | null {
	const { before, after, last } = state;
	const given = (term: string) => {
		const source = frame.sourceOf(term);
		return source && source.changes.length === 0 ? readOuter(source.name, frame.around) : null;
	};
	const update = readUpdate(before, after, facts, undefined, given);
	const reading = update && (readInside(state, facts) ?? readOutside(state, frame));
	if (!reading) return null;
	const start = isEmpty(state.start, frame.around) ? null : state.start;
	return {
		node: owner,
		// one turn's products look like attention of their own
		parts: [reading.product.node, ...productsIn(before, after, facts)],
		site: describeRecurrence(
			{ frame, shape: facts.shapeOf(before), last, update, reading, start },
			facts,
		),
	};
}

/** The product of the new state with a query. */
function readInside({ after, before }: CarriedState, facts: Facts): Reading | null {
	const found = [after, before].flatMap((state) => readingsOf(state, facts, new Set([after])));
	// what is read to be taken off again is no answer
	return found.find(({ product }) => !feeds(product.output, after, facts)) ?? null;
}

/** States that are collected, and read all at once after the loop. */
function readOutside({ after, before }: CarriedState, frame: LoopFrame): Reading | null {
	const collected = frame.resultOf(after) ?? frame.resultOf(before);
	if (!collected) return null;
	return readingsOf(collected.name, frame.around)[0] ?? null;
}

/** Whether `target` is made from `name` within the body. */
function feeds(name: string, target: string, facts: Facts): boolean {
	const made = new Set([name]);
	for (const node of facts.scope.nodes) {
		if (node.inputs.some((input) => made.has(input)))
			for (const output of node.outputs) made.add(output);
	}
	return made.has(target);
}

/** Nothing but zeros. */
export function isEmpty(name: string, facts: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 8; steps++) {
		if (facts.numberOf(current) === 0) return true;
		if (facts.scope.constantOf(current)?.values?.every((value) => value === 0)) return true;
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'ConstantOfShape') {
			const fill = node.attributes.get('value');
			return fill?.kind !== 'tensor' || fill.value.values?.[0] === 0;
		}
		if (
			!node ||
			!['Cast', 'CastLike', 'Expand', 'Identity', 'Unsqueeze', 'Reshape'].includes(node.opType)
		)
			return false;
		current = node.inputs[0] ?? '';
	}
	return false;
}
