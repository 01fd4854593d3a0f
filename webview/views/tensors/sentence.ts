import { counted, magnitude, significant } from '../../view-api/format.ts';
import type { TensorsData } from './compute.ts';
import { roleText } from './controls.ts';
import type { Known, TensorDetail } from './detail.ts';
import { editWords } from './edit.ts';
import type { Effect } from './effect.ts';
import { LARGEST_HALF, type Numbers } from './numbers.ts';
import { answerTo, surveyed, tensorQuery } from './queries.ts';
import type { TensorsState } from './state.ts';
import type { Surveyed } from './survey.ts';

/** The finding in one sentence, of whatever is looked at. */
export function sentence(data: TensorsData, state: TensorsState, known: Known): string {
	switch (state.look) {
		case 'one':
			return oneSentence(data, state, known);
		case 'all':
			return allSentence(data, state, known);
		case 'backends':
			return backendsSentence(data, state, known);
		case 'placement':
			return placementSentence(data, known);
	}
}

function oneSentence(data: TensorsData, state: TensorsState, known: Known): string {
	const { tensor, edits } = state;
	if (tensor === '') return 'The graph has no float tensor that depends on its input.';
	const detail = answerTo('tensor', tensorQuery(state), known);
	const effect = answerTo('effect', { kind: 'effect', edits }, known);
	const before =
		edits.length === 0
			? ''
			: effect
				? `${effectSentence(effect.effects, edits.map(editWords))} `
				: `Running the model with ${counted(edits.length, 'change')}… `;
	return `${before}${detail ? tensorSentence(data, state, detail) : `Reading ${tensor}…`}`;
}

function tensorSentence(data: TensorsData, state: TensorsState, detail: TensorDetail): string {
	const { numbers, shape, dtype } = detail;
	const role = roleText(data, state.tensor);
	const what = state.shown === 'difference' && state.edits.length > 0 ? 'The change of ' : '';
	return `${what}${state.tensor}${role === '' ? '' : ` (${role})`} is ${dtype} [${shape.join(', ')}], ${rangeText(numbers)}; ${healthText(numbers)}.`;
}

const rangeText = ({ min, max, mean }: Numbers) =>
	Number.isNaN(min)
		? 'without a finite value'
		: `${significant(min)} to ${significant(max)}, mean ${significant(mean)}`;

export function healthText({ nan, infinite, overHalf, nearHalf }: Numbers): string {
	const troubles = [
		nan > 0 ? `${counted(nan, 'value')} NaN` : '',
		infinite > 0 ? `${counted(infinite, 'value')} infinite` : '',
		overHalf > 0 ? `${counted(overHalf, 'value')} beyond float16 (${LARGEST_HALF})` : '',
		nearHalf > 0 ? `${counted(nearHalf, 'value')} near the float16 limit` : '',
	].filter((words) => words !== '');
	return troubles.length === 0 ? 'all finite and far from the float16 limit' : troubles.join(', ');
}

export function effectSentence(effects: readonly Effect[], words: readonly string[]): string {
	const [effect] = effects;
	if (!effect) return `With ${words.join('; ')}: the model has no float output to compare.`;
	const worst = effects.reduce(
		(most, each) => (each.relative > most.relative ? each : most),
		effect,
	);
	const rows = worst.byRow.length;
	const predictions =
		worst.shape.length < 2 || worst.shape.at(-1) === 1
			? ''
			: `, and ${worst.changedCount} of ${counted(rows, 'prediction')} ${worst.changedCount === 1 ? 'is another' : 'are others'}`;
	const broken = worst.broken > 0 ? `; ${counted(worst.broken, 'value')} became no number` : '';
	return `With ${words.join('; then ')}: ${worst.output} changes by at most ${significant(worst.largest)} (${significant(worst.relative * 100)} % of its size)${predictions}${broken}.`;
}

function allSentence(data: TensorsData, state: TensorsState, known: Known): string {
	const { found, isOver } = surveyed(data, state, known);
	const read = progressText(found.length, data, isOver);
	const bad = found.find(({ numbers }) => numbers.nan + numbers.infinite > 0);
	const over = found.find(({ numbers }) => numbers.overHalf > 0);
	const largest = largestOf(found);
	if (bad)
		return `${read}: the first that is not finite is ${bad.name}, ${healthText(bad.numbers)}.`;
	if (over) return `${read}, all finite: the first that float16 could not hold is ${over.name}, up to ${significant(reach(over))}.`; // prettier-ignore
	if (!largest) return `${read}.`;
	return `${read}, all finite and within float16: the largest magnitude is ${significant(reach(largest))}, in ${largest.name}.`;
}

export const reach = ({ numbers: { min, max } }: Surveyed) =>
	Math.max(Math.abs(min), Math.abs(max));

export function largestOf(found: readonly Surveyed[]): Surveyed | undefined {
	return found
		.filter((each) => Number.isFinite(reach(each)))
		.reduce<Surveyed | undefined>(
			(most, each) => (most && reach(most) >= reach(each) ? most : each),
			undefined,
		);
}

const progressText = (read: number, { tensors, total }: TensorsData, isOver: boolean) =>
	`${isOver ? 'All' : `${read} of`} ${counted(tensors.length, 'float tensor')} read${isOver && total > tensors.length ? ` of ${total.toLocaleString('en-US')}` : ''}`;

/** Over the tolerance, or numbers on one side only. */
export const diverges = ({ relative }: Surveyed, { tolerance }: TensorsState): boolean =>
	relative !== null && !(relative <= 10 ** tolerance);

function backendsSentence(data: TensorsData, state: TensorsState, known: Known): string {
	if (!data.hasGpu)
		return `The run was on WASM, so there are no two backends to compare. ${data.backend.reason}`;
	const { found, isOver } = surveyed(data, state, known);
	const read = progressText(found.length, data, isOver);
	const first = found.find((each) => diverges(each, state));
	const limit = magnitude(10 ** state.tolerance);
	if (!first) {
		const compared = found.filter(({ relative }) => relative !== null);
		const worst = compared.reduce((most, { relative }) => Math.max(most, relative!), 0);
		return `${read} on WebGPU and WASM: ${isOver ? 'they agree' : 'so far they agree'} within ${limit}; the largest relative difference is ${magnitude(worst)}.`;
	}
	const entry = data.tensors.find(({ name }) => name === first.name);
	const inputs = found.filter(({ name }) => entry?.inputs.includes(name));
	const said = inputs.map(({ name, relative }) => `${name} by ${magnitude(relative ?? NaN)}`);
	return `${read} on WebGPU and WASM: the first that differs by more than ${limit} is ${first.name}${entry ? ` (${entry.op})` : ''}, by ${Number.isNaN(first.relative!) ? 'values that are no number on one side' : magnitude(first.relative!)}${said.length > 0 ? `; what it is made from differs: ${said.join(', ')}` : ''}.`;
}

function placementSentence(data: TensorsData, known: Known): string {
	const placement = answerTo('placement', { kind: 'placement' }, known);
	if (!placement) return 'Asking the runtime where it places the nodes…';
	const by = new Map<string, number>();
	for (const { processor } of placement.nodes) by.set(processor, (by.get(processor) ?? 0) + 1);
	const parts = [...by].map(([processor, count]) => `${count.toLocaleString('en-US')} on ${processor}`); // prettier-ignore
	const half = data.tensors.filter(({ dtype }) => dtype === 'float16').length;
	return `${counted(placement.nodes.length, 'node')}: ${parts.join(', ')}. ${half === 0 ? 'No activation is float16' : `${counted(half, 'activation')} of ${data.tensors.length} ${half === 1 ? 'is' : 'are'} float16`}.`;
}
