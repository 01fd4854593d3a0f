import type { Form, SiteTensor } from '../protocol/model.ts';
import { LoopFrame, type CarriedState, type Outside } from './carried-state.ts';
import type { Facts } from './facts.ts';
import type { Finding, FormFinder } from './form.ts';
import { contracted, readProduct, type Product } from './product.ts';
import { readUpdate, type StateUpdate } from './state-update.ts';

/** A `Scan` or `Loop` whose state is changed by an outer product in each turn: linear, gated, delta or gated delta. */
export const recurrentState: FormFinder = {
	id: 'recurrent',
	find(facts) {
		const { owner } = facts.scope;
		if (!owner || (owner.opType !== 'Scan' && owner.opType !== 'Loop')) return [];
		const frame = new LoopFrame(facts, owner);
		const found = frame.states.flatMap((state) => {
			const update = readUpdate(state.before, state.after, facts);
			return update ? [{ ...describe(frame, state, update, facts), node: owner }] : [];
		});
		// of several states that are written alike, the one that answers
		return found.sort((a, b) => b.site.confidence - a.site.confidence).slice(0, 1);
	},
};

function describe(
	frame: LoopFrame,
	state: CarriedState,
	update: StateUpdate,
	facts: Facts,
): Omit<Finding, 'node'> {
	const read = readOut(state, facts);
	const { key, value } = keyAndValue(update, read, facts);
	const form = formOf(update);
	const notes: string[] = [];
	const outside = (role: string, name: string | null, letters: string): SiteTensor | null => {
		const source = name === null ? null : frame.sourceOf(name);
		if (name !== null && !source)
			notes.push(`${role} is made inside the loop and cannot be read from outside`);
		if (source && source.changes.length > 0 && role !== 'alpha') {
			notes.push(`${role} passes through ${source.changes.join(', ')} inside the loop`);
		}
		return source && { name: source.name, axes: withTurns(source, letters, facts) };
	};
	const decay = update.decay === null || facts.scope.isConstant(update.decay) ? null : update.decay;
	const alpha = outside('alpha', decay, 'BH');
	if (decay !== null && frame.sourceOf(decay)?.changes.includes('Exp'))
		notes.push('alpha is the logarithm of the decay');
	const result = read && frame.resultOf(read.product.output);
	if (!result) notes.push('the result of a turn is not collected as it is');
	const shape = facts.shapeOf(key);
	const k = outside('k', key, 'BHK');
	return {
		site: {
			form,
			kind: 'recurrent',
			operator: form,
			...sizes(k, facts),
			scale: 1,
			softCap: null,
			mask: 'causal',
			window: null,
			cross: false,
			tensors: {
				q: outside('q', read?.query ?? null, 'BHK'),
				k: k && { ...k, axes: k.axes.replace('T', 'S') },
				v: spelledValue(outside('v', value, 'BHV')),
				scores: null,
				weights: null,
				output: result && { name: result.name, axes: withTurns(result, 'BHV', facts) },
				alpha,
				beta: outside('beta', update.strength, 'BH'),
				state: state.last === '' ? null : { name: state.last, axes: shape ? 'BHKV' : '' },
			},
			maskMeans: null,
			confidence: read ? 0.9 : 0.6,
			notes,
		},
	};
}

function formOf({ decay, erases }: StateUpdate): Form {
	if (erases) return decay === null ? 'delta' : 'gated-delta';
	return decay === null ? 'linear' : 'gated';
}

interface ReadOut {
	readonly product: Product;
	readonly query: string;
	/** Axis of the state that is summed over, counted from the right. */
	readonly axis: number;
}

/** The product of the new state with a query. */
function readOut({ after, before }: CarriedState, facts: Facts): ReadOut | null {
	const found = [after, before].flatMap((state) =>
		facts.scope.nodes.flatMap((node) => readsState(node, state, facts)),
	);
	// what is read to be taken off again is no answer
	return found.find(({ product }) => !feeds(product.output, after, facts)) ?? null;
}

function readsState(node: Facts['scope']['nodes'][number], state: string, facts: Facts): ReadOut[] {
	const product = readProduct(node, facts);
	if (!product || (product.left !== state && product.right !== state)) return [];
	const labels = product.left === state ? product.leftLabels : product.rightLabels;
	const summed = contracted(product);
	const at = labels?.findIndex((label) => summed.includes(label)) ?? -1;
	if (!labels || at < 0) return [];
	return [
		{
			product,
			query: product.left === state ? product.right : product.left,
			axis: labels.length - at,
		},
	];
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

/** Of the two vectors the key is the one along the axis that the query sums over, or that does not depend on the state. */
function keyAndValue(update: StateUpdate, read: ReadOut | null, facts: Facts) {
	const [a, b] = update.vectors;
	if (update.dependent !== null) {
		const key = update.vectors[1 - update.dependent]!;
		return { key, value: update.value };
	}
	const shape = facts.shapeOf(a);
	// a vector that runs along the summed axis is not of size 1 there
	const aIsKey = read === null || !shape ? true : shape.at(-read.axis) !== 1;
	return aIsKey ? { key: a, value: b } : { key: b, value: a };
}

/** Letters of one turn's axes with that of the turns put in. */
function withTurns({ name, axis }: Outside, letters: string, facts: Facts): string {
	const rank = facts.parent?.rankOf(name) ?? null;
	if (rank !== null && rank !== letters.length + 1) {
		const shorter = rank === letters.length ? letters.replace('H', '') : null;
		if (shorter === null) return '';
		return `${shorter.slice(0, axis)}T${shorter.slice(axis)}`;
	}
	return `${letters.slice(0, axis)}T${letters.slice(axis)}`;
}

const spelledValue = (tensor: SiteTensor | null): SiteTensor | null =>
	tensor && { ...tensor, axes: tensor.axes.replace('T', 'S') };

function sizes(k: SiteTensor | null, facts: Facts) {
	const shape = k ? facts.parent?.shapeOf(k.name) : null;
	const sizeOf = (letter: string) => {
		const dim = shape?.[k?.axes.indexOf(letter) ?? -1];
		return typeof dim === 'number' ? dim : null;
	};
	const heads = k !== null && k.axes !== '' && !k.axes.includes('H') ? 1 : sizeOf('H');
	return { heads, kvHeads: heads, headSize: sizeOf('K') };
}
