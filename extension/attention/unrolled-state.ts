import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { joinTurns } from './joined-turns.ts';
import { originsOf } from './onward.ts';
import { readOuter, type OuterProduct } from './outer-product.ts';
import { readProduct } from './product.ts';
import { isEmpty } from './recurrent-state.ts';
import { readingsOf, type Reading } from './state-reading.ts';
import { describeRecurrence } from './state-site.ts';
import { Dependence, productsIn, readUpdate, termsOf, type StateUpdate } from './state-update.ts';
import { UnrolledFrame } from './unrolled-frame.ts';
import { isWeight, untouched } from './weights.ts';

/**
 * A recurrence without a loop: a trace of one turn after another, or one turn whose state comes in and goes out. Each turn
 * adds the outer product of a key and a value to the state that the turn before it left.
 */
export const unrolledState: FormFinder = {
	id: 'unrolled-state',
	find(facts) {
		const turns = findTurns(facts);
		return chainsOf(turns, facts).flatMap((chain) => describe(chain, facts) ?? []);
	},
};

interface Turn {
	readonly node: FlatNode;
	readonly before: string;
	readonly after: string;
	readonly update: StateUpdate;
	/** How many turns came before it, itself included. */
	readonly depth: number;
	readonly previous: Turn | null;
}

const summing = new Set(['Add', 'Sub', 'Sum']);

/** Where a value is made, among the nodes up to one of them; -1 where none of these makes it. */
function placesIn({ scope }: Facts): (name: string, upTo: number) => number {
	// most graphs have no turn, and a large one has many values
	let places: Map<string, number> | undefined;
	return (name, upTo) => {
		places ??= new Map(
			scope.nodes.flatMap(({ outputs }, at) => outputs.map((output) => [output, at])),
		);
		const place = places.get(name) ?? -1;
		return place > upTo ? -1 : place;
	};
}

function findTurns(facts: Facts): Map<string, Turn> {
	const turns = new Map<string, Turn>();
	const placeOf = placesIn(facts);
	const given = givenBy(facts);
	facts.scope.nodes.forEach((node, at) => {
		const [after = ''] = node.outputs;
		if (!summing.has(node.opType) || !mayWrite(node, facts) || !mayBeState(after, facts)) return;
		const terms = termsOf(after, facts, (name) => turns.has(name));
		if (terms.length < 2 || terms.length > 6) return;
		const writes = (term: string) => readOuter(term, facts) !== null || given(term) !== null;
		if (!terms.some(writes)) return;
		for (const term of terms) {
			const before = stateBehind(term, turns, facts);
			if (before === null) continue;
			const nodes = facts.scope.nodes.slice(placeOf(before, at) + 1, at + 1);
			const depends = new Dependence(before, facts, nodes);
			const update = readUpdate(before, after, facts, depends, given);
			if (!update) continue;
			const previous = turns.get(before) ?? null;
			turns.set(after, {
				node,
				before,
				after,
				update,
				depth: (previous?.depth ?? 0) + 1,
				previous,
			});
			return;
		}
	});
	return turns;
}

const writing = new Set(
	'Mul Div MatMul Einsum Add Sub Sum Identity Cast CastLike Transpose Reshape Unsqueeze Squeeze Neg Clip Gather Slice Split'.split(
		' ',
	),
);

/** Neither a bias nor a sum of anything but products and what is cut from them. */
function mayWrite({ inputs }: FlatNode, { scope }: Facts): boolean {
	if (inputs.some((input) => scope.graph.initializers.has(input))) return false;
	return inputs.some((input) => writing.has(scope.producerOf(input)?.opType ?? ''));
}

/** At least a matrix, and not of one number. */
function mayBeState(name: string, facts: Facts): boolean {
	const shape = facts.shapeOf(name);
	return shape !== null && shape.length >= 2 && shape.at(-1) !== 1 && shape.at(-2) !== 1;
}

/** What a turn writes was multiplied out for all turns at once, or is folded from all tokens of a chunk. */
function givenBy(facts: Facts) {
	const frame = new UnrolledFrame(facts);
	return (term: string): OuterProduct | null => {
		const source = frame.sourceOf(term);
		if (!source || typeof source.axis !== 'number' || source.changes.length > 0) return null;
		return readOuter(source.name, facts);
	};
}

const between = new Set(
	'Mul MatMul Einsum Transpose Reshape Unsqueeze Squeeze Cast Identity Slice Gather Split Expand'.split(
		' ',
	),
);

/** The state that a term is made from: what an earlier turn left, what comes into the graph, or nothing yet. */
function stateBehind(term: string, turns: ReadonlyMap<string, Turn>, facts: Facts): string | null {
	const { scope } = facts;
	const queue = [term];
	let empty: string | null = null;
	for (let at = 0; at < queue.length && at < 16; at++) {
		const name = queue[at]!;
		if (turns.has(name)) return name;
		if (isCut(name, facts)) return name;
		if (isGiven(name, facts) && /^(b?float|double)/.test(facts.dtypeOf(name) ?? 'float'))
			return name;
		if (isEmpty(name, facts) && (facts.rankOf(name) ?? 2) >= 2) {
			empty ??= name;
			continue;
		}
		const node = scope.producerOf(name);
		if (!node || !between.has(node.opType)) continue;
		const product = readProduct(node, facts);
		if (product && (isWeight(product.left, facts) || isWeight(product.right, facts))) continue;
		const data = ['Mul', 'MatMul', 'Einsum'].includes(node.opType)
			? node.inputs
			: node.inputs.slice(0, 1);
		queue.push(...data.filter((input) => !queue.includes(input)));
	}
	return empty;
}

/** An input of the model: what a loop hands on is read from its own turns. */
function isGiven(name: string, { scope }: Facts): boolean {
	const inLoop = scope.owner && /^(Loop|Scan)$/.test(scope.owner.opType);
	return scope.inputOf(name) !== undefined && !inLoop;
}

/** One state of several that come in together: what follows from the others is not made from it. */
function isCut(name: string, facts: Facts): boolean {
	const node = facts.scope.producerOf(name);
	const cuts = node !== undefined && /^(Slice|Gather|Split)$/.test(node.opType);
	return cuts && isGiven(untouched(node.inputs[0] ?? '', facts), facts);
}

/** Of the turns that follow from one start the longest way. */
function chainsOf(turns: ReadonlyMap<string, Turn>, facts: Facts): Turn[][] {
	const longest = new Map<string, Turn>();
	for (const turn of turns.values()) {
		const start = rootOf(turn);
		const best = longest.get(start.after);
		const ends = handedOut(turn.after, facts) !== null;
		const lasts =
			turn.depth > 1 || (ends && (isGiven(turn.before, facts) || isCut(turn.before, facts)));
		if (lasts && (!best || turn.depth > best.depth)) longest.set(start.after, turn);
	}
	return [...longest.values()].map((last) => {
		const chain: Turn[] = [];
		for (let turn: Turn | null = last; turn; turn = turn.previous) chain.unshift(turn);
		return chain;
	});
}

function rootOf(turn: Turn): Turn {
	let root = turn;
	while (root.previous) root = root.previous;
	return root;
}

const passing = new Set(
	'Identity Cast Reshape Transpose Unsqueeze Squeeze Concat ScatterND Flatten'.split(' '),
);

/** The result of the graph that a state goes out in; null where it stays inside. */
function handedOut(state: string, facts: Facts): string | null {
	const results = new Set(facts.scope.graph.outputs.map(({ name }) => name));
	const queue = [state];
	for (let at = 0; at < queue.length && at < 64; at++) {
		const name = queue[at]!;
		if (results.has(name)) return name;
		for (const { opType, outputs } of facts.scope.consumersOf(name))
			if (passing.has(opType) && outputs[0]) queue.push(outputs[0]);
	}
	return null;
}

function describe(chain: readonly Turn[], facts: Facts): Finding | null {
	const readings = chain.map((turn, at) => readingOf(turn, chain[at + 1] ?? null, facts));
	// what the last turn leaves nobody may read again: the one before it says how the state goes on
	const carried = readings.slice(0, Math.max(1, readings.length - 1));
	const reading = carried.findLast((each) => each !== null) ?? null;
	const turn = chain[readings.lastIndexOf(reading)];
	if (!reading || !turn) return null;
	const start = chain[0]!.before;
	const last = chain.at(-1)!;
	const node = (readings.find((each) => each !== null) ?? reading).product.node;
	const site = describeRecurrence(
		{
			frame: new UnrolledFrame(facts),
			shape: facts.shapeOf(turn.after),
			last: last.after,
			// where nothing was kept yet nothing was forgotten
			update: { ...turn.update, decay: decayIn(chain, turn) },
			reading,
			start: isEmpty(start, facts) ? null : start,
		},
		facts,
	);
	// products of single turns look like attention of their own
	const parts = [
		...readings.flatMap((each) => each?.product.node ?? []),
		...chain.flatMap(({ before, after }) => productsIn(before, after, facts)),
	];
	return { node, parts, site: joinTurns(site, madeByTurn(chain, readings), reading.product.output, facts) }; // prettier-ignore
}

/** Decays, strengths and answers, each as the turns make them; what one of them lacks is left out. */
function madeByTurn(chain: readonly Turn[], readings: readonly (Reading | null)[]): string[][] {
	const decays = chain.map(({ update }) => update.decay);
	// the first turn has nothing to forget
	decays[0] ??= decays[1] ?? null;
	const strengths = chain.map(({ update }) => update.strength ?? update.written.factors[0] ?? null);
	const answers = readings.map((reading) => reading?.product.output ?? null);
	return [decays, strengths, answers].flatMap((names) => {
		const known = names.filter((name) => name !== null);
		return known.length === names.length ? [known] : [];
	});
}

const decayIn = (chain: readonly Turn[], { update }: Turn): string | null =>
	update.decay ?? chain.find((turn) => turn.update.decay !== null)?.update.decay ?? null;

/** What is read to be taken off again is no answer. */
function readingOf(turn: Turn, next: Turn | null, facts: Facts): Reading | null {
	const stops = new Set([turn.after, next?.after ?? '']);
	const made = originsOf(turn.after, facts, 80);
	const later = next ? originsOf(next.after, facts, 80) : new Set<string>();
	const found = [turn.after, turn.before].flatMap((state) => readingsOf(state, facts, stops));
	return (
		found.find(({ product }) => !made.has(product.output) && !later.has(product.output)) ?? null
	);
}
