import type { SiteTensor } from '../protocol/model.ts';
import { Derivation, int, ints } from './derivation.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './form.ts';
import { withoutOpenAxes } from './weights.ts';

/** From here on Unsqueeze takes its axes as an input. */
const AXES_ARE_INPUTS = 13;

/**
 * A value that each turn of an unrolled recurrence makes for itself, put together over all turns: a decay that is kept
 * within bounds by the largest gate so far is in no sequence of the graph.
 *
 * @param byTurn such values, those of one quantity in the order of the turns
 * @param output of the product that reads the state, after which the new tensors are called
 */
export function joinTurns(
	site: Finding['site'],
	byTurn: readonly (readonly string[])[],
	output: string,
	facts: Facts,
): Finding['site'] {
	const derivation = new Derivation(facts.scope, output);
	const turnsOf = new Map<string, readonly string[]>();
	for (const names of byTurn) {
		const plain = names.map((name) => withoutOpenAxes(name, facts));
		for (const each of [names, plain]) for (const turn of each) turnsOf.set(turn, each);
	}
	const tensors: Record<string, SiteTensor | null> = { ...site.tensors };
	for (const role of ['alpha', 'beta', 'output']) {
		const tensor = tensors[role];
		const turns = tensor && turnsOf.get(tensor.name);
		if (!tensor || tensor.axes === '' || !turns || !areAlike(turns, facts)) continue;
		tensors[role] = joined(role, tensor.axes, turns, derivation, facts);
	}
	const names = Object.values(tensors).flatMap((tensor) => tensor?.name ?? []);
	const derived = derivation.behind(names);
	if (derived.length === 0) return site;
	const apart = tensors['output']?.name !== site.tensors['output']?.name;
	const notes = apart ? [...site.notes, 'the answers are those of the turns, before what the graph does to each'] : site.notes; // prettier-ignore
	return { ...site, tensors, derived, notes };
}

/** Along the axis of one place that stands for the turn, or along a new one in front. */
function joined(
	role: string,
	axes: string,
	turns: readonly string[],
	derivation: Derivation,
	facts: Facts,
): SiteTensor {
	const at = axes.indexOf('T');
	const parts = at < 0 ? turns.map((turn) => unsqueezed(turn, derivation, facts)) : turns;
	const name = derivation.named(role, derivation.node('Concat', parts, { axis: int(Math.max(at, 0)) })); // prettier-ignore
	return { name, axes: at < 0 ? `T${axes}` : axes };
}

const unsqueezed = (name: string, derivation: Derivation, { scope }: Facts) =>
	scope.opset < AXES_ARE_INPUTS
		? derivation.node('Unsqueeze', [name], { axes: ints([0]) })
		: derivation.node('Unsqueeze', [name, derivation.int64([0])]);

/** Of one shape, which the first turn, that has no state to keep, may lack. */
function areAlike(turns: readonly string[], facts: Facts): boolean {
	const shapes = turns.map((turn) => JSON.stringify(facts.shapeOf(turn)));
	return turns.length > 1 && new Set(shapes).size === 1;
}
