import type { SiteTensor } from '../protocol/model.ts';
import { LoopFrame } from './carried-state.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { isEmpty } from './recurrent-state.ts';
import { stepBack, type Frame, type Outside } from './state-frame.ts';
import { UnrolledFrame } from './unrolled-frame.ts';
import { isWeight, untouched } from './weights.ts';

/**
 * A running mean of values, channel by channel, weighted by exponentials of keys, as RWKV-4 has it:
 * `o = (f·num + e·v) / (f·den + e)`, where `num` and `den` are handed from token to token and forget at one pace.
 */
export const weightedMean: FormFinder = {
	id: 'weighted-mean',
	find(facts) {
		const { owner } = facts.scope;
		const loop = owner && /^(Loop|Scan)$/.test(owner.opType) ? owner : null;
		const means = facts.scope.nodes.flatMap((node) =>
			node.opType === 'Div' ? (readMean(node, facts) ?? []) : [],
		);
		if (means.length === 0) return [];
		const frame = loop ? new LoopFrame(facts, loop) : new UnrolledFrame(facts);
		const turns = means.filter(({ num }) => isState(num, means, frame, facts));
		const layers = new Map<string, Mean[]>();
		for (const turn of turns) {
			const sequence = frame.sourceOf(turn.v)?.name ?? turn.v;
			layers.set(sequence, [...(layers.get(sequence) ?? []), turn]);
		}
		return [...layers.values()].map((layer) => describe(layer, frame, loop, facts));
	},
};

interface Mean {
	readonly node: FlatNode;
	readonly num: string;
	readonly v: string;
	/** The weight of the token's own value. */
	readonly own: string;
}

function readMean(node: FlatNode, facts: Facts): Mean | null {
	const [above, below] = node.inputs.map((input) => addendsOf(input, facts));
	if (!above || !below) return null;
	for (const [own, den] of [below, below.toReversed()] as [string, string][]) {
		if (facts.scope.producerOf(untouched(own, facts))?.opType !== 'Exp') continue;
		for (const [weighed, num] of [above, above.toReversed()] as [string, string][]) {
			const v = without(weighed, own, facts);
			if (v === null || isWeight(v, facts)) continue;
			const fades = factorsOf(num, facts).find((factor) => factorsOf(den, facts).includes(factor));
			const kept = fades === undefined ? num : without(num, fades, facts)!;
			return { node, num: kept, v, own };
		}
	}
	return null;
}

function addendsOf(name: string, facts: Facts): [string, string] | null {
	const node = facts.scope.producerOf(name);
	const [a, b] = node?.inputs ?? [];
	return node?.opType === 'Add' && a !== undefined && b !== undefined ? [a, b] : null;
}

function factorsOf(name: string, facts: Facts): readonly string[] {
	const node = facts.scope.producerOf(name);
	return node?.opType === 'Mul' ? node.inputs : [];
}

/** What a factor multiplies; null where it is none. */
const without = (product: string, factor: string, facts: Facts): string | null =>
	factorsOf(product, facts).includes(factor)
		? (factorsOf(product, facts).find((name) => name !== factor) ?? null)
		: null;

/** Nothing yet, handed in, carried by the loop, or left by the turn before. */
function isState(name: string, means: readonly Mean[], frame: Frame, facts: Facts): boolean {
	if (frame instanceof LoopFrame) return frame.states.some(({ before }) => before === name);
	if (isEmpty(name, facts) || facts.scope.inputOf(originOf(name, facts))) return true;
	const before = addendsOf(name, facts)?.flatMap((term) => factorsOf(term, facts)) ?? [];
	return means.some(({ num, v }) => before.includes(num) && before.includes(v));
}

function originOf(name: string, facts: Facts): string {
	let current = name;
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node || !/^(Gather|Slice|Split|Squeeze|Reshape|Identity|Cast)$/.test(node.opType)) break;
		current = node.inputs[0] ?? '';
	}
	return current;
}

function describe(
	turns: readonly Mean[],
	frame: Frame,
	loop: FlatNode | null,
	facts: Facts,
): Finding {
	const { node, num, v, own } = turns.at(-1)!;
	const notes = [
		'each channel remembers by itself: a running mean of values, weighted by exponentials of keys',
		'there is no query: what is remembered is the same for whatever asks',
	];
	const tensor = (role: string, name: string | null, token: string): SiteTensor | null => {
		const source = name === null ? null : frame.sourceOf(name);
		if (!source) notes.push(`${role} is made inside the loop and cannot be read from outside`);
		return source && { name: source.name, axes: spelt(source, token, frame.around) };
	};
	const result = frame.resultOf(node.outputs[0] ?? '');
	if (!result) notes.push('the result of a turn is not collected as it is');
	const channels = facts.shapeOf(v)?.at(-1);
	const heads = typeof channels === 'number' ? channels : null;
	const rate = turns.map((turn) => rateOf(turn, facts)).find((each) => each !== null) ?? null;
	if (rate !== null) notes.push('alpha is the logarithm of the decay');
	const values = tensor('v', v, 'S');
	const all = result && { name: result.name, axes: spelt(result, 'T', frame.around) };
	return {
		node: loop ?? node,
		parts: turns.map((turn) => turn.node),
		site: {
			form: 'gated',
			kind: 'recurrent',
			operator: 'gated',
			heads,
			kvHeads: heads,
			headSize: 1,
			scale: null,
			softCap: null,
			mask: 'causal',
			window: null,
			cross: false,
			tensors: {
				q: null,
				k: tensor('k', keyIn(own, facts), 'S'),
				v: values,
				scores: null,
				weights: null,
				output: all && all.axes === '' && values ? { ...all, axes: likeValues(all.name, values, frame.around) } : all, // prettier-ignore
				alpha: rate === null ? null : { name: rate, axes: facts.rankOf(rate) === 1 ? 'H' : '' },
				beta: null,
				state: { name: num, axes: '' },
			},
			maskMeans: null,
			confidence: 0.8,
			notes,
		},
	};
}

function spelt({ name, axis }: Outside, token: string, facts: Facts): string {
	const rank = facts.rankOf(name) ?? (axis === null ? 0 : 3);
	if (axis === null) return ['', 'H', 'BH'][rank] ?? '';
	if (axis === 'own' || rank !== 3) return '';
	const at = axis < 0 ? axis + rank : axis;
	return at === 1 ? `B${token}H` : at === 0 ? `${token}BH` : '';
}

function likeValues(name: string, { name: v, axes }: SiteTensor, facts: Facts): string {
	const [own, values] = [facts.shapeOf(name), facts.shapeOf(v)];
	const alike = own?.length === values?.length && own?.every((dim, at) => dim === values?.[at]);
	return alike ? axes.replace('S', 'T') : '';
}

/** The keys in `exp(u + k - largest)`. */
function keyIn(own: string, facts: Facts): string | null {
	const { scope } = facts;
	let current = scope.producerOf(untouched(own, facts))?.inputs[0] ?? '';
	for (let steps = 0; steps < 6; steps++) {
		const node = scope.producerOf(current);
		if (node?.opType === 'Sub') current = node.inputs[0] ?? '';
		else if (node?.opType === 'Add') {
			const [first, second] = node.inputs as [string, string];
			return isLearned(second, facts) ? first : isLearned(first, facts) ? second : null;
		} else break;
	}
	return current;
}

/** Weights, and what is made of them alone. */
function isLearned(name: string, facts: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 6; steps++) {
		if (isWeight(current, facts)) return true;
		const step = stepBack(current, facts);
		if (!step)
			return facts.scope.producerOf(current) === undefined && !facts.scope.inputOf(current);
		current = step.from;
	}
	return false;
}

/** What is added to the exponent of the old state in each turn. */
function rateOf({ num, v }: Mean, facts: Facts): string | null {
	const updates = facts.scope.consumersOf(num).flatMap((node) => {
		const sum = facts.scope.consumersOf(node.outputs[0] ?? '').find(({ opType }) => opType === 'Add'); // prettier-ignore
		const factor = node.opType === 'Mul' ? node.inputs.find((input) => input !== num) : undefined;
		const writes = sum?.inputs.some((term) => factorsOf(term, facts).includes(v));
		return factor !== undefined && writes ? [factor] : [];
	});
	for (const factor of updates) {
		let current = facts.scope.producerOf(untouched(factor, facts))?.inputs[0] ?? '';
		const difference = facts.scope.producerOf(current);
		if (difference?.opType === 'Sub') current = difference.inputs[0] ?? '';
		const rate = addendsOf(current, facts)?.find((term) => isLearned(term, facts));
		if (rate !== undefined) return rate;
	}
	return null;
}
