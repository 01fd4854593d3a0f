import type { Facts } from './facts.ts';

/** Where a router decides: the choice itself, and the numbers it was made from. */
export interface Choice {
	readonly choice: string;
	/** Null where no comparison is found behind the choice. */
	readonly logits: string | null;
}

/** Beyond these a value says how long a tensor is, not what is in it. */
const measuring = new Set(['Shape', 'Size']);
const deciding = new Set(
	'Greater GreaterOrEqual Less LessOrEqual Equal ArgMax ArgMin TopK Hardmax'.split(' '),
);
const cutting = new Set(['Slice', 'Gather', 'Split', 'Squeeze']);
const MOST_VISITS = 400;

/**
 * What both the mask of an exact memory and the writing of a folded one are made from: the nearest tensor that depends on
 * the tokens and not on their number alone.
 */
export function choiceOf(mask: string, writing: readonly string[], facts: Facts): Choice | null {
	const folded = new Set(writing.flatMap((name) => walk(name, facts)));
	const choice = walk(mask, facts).find((name) => folded.has(name));
	if (choice === undefined || !/^float/.test(facts.dtypeOf(choice) ?? 'float32')) return null;
	return { choice, logits: logitsOf(choice, facts) };
}

/** The names a value is made from, nearest first, that depend on the tokens. */
function walk(first: string, facts: Facts): string[] {
	const { scope } = facts;
	const names = [first];
	for (let at = 0; at < names.length && at < MOST_VISITS; at++) {
		const node = scope.producerOf(names[at]!);
		for (const input of node?.inputs ?? []) {
			if (!names.includes(input) && hasData(input, facts)) names.push(input);
		}
	}
	return names;
}

const known = new WeakMap<Facts, Map<string, boolean>>();

/** Whether a tensor depends on the tokens, and not on their number alone. */
export function hasData(first: string, facts: Facts): boolean {
	const answers = known.get(facts) ?? new Map<string, boolean>();
	known.set(facts, answers);
	// depth first without recursion: a graph may be deeper than the stack
	const pending = [first];
	while (pending.length > 0) {
		const name = pending.at(-1)!;
		const node = facts.scope.producerOf(name);
		const inputs = (node?.inputs ?? []).filter((input) => input !== '');
		const open = inputs.filter((input) => !answers.has(input) && !pending.includes(input));
		if (name === '' || facts.scope.isConstant(name) || (node && measuring.has(node.opType))) {
			answers.set(name, false);
		} else if (!node) {
			answers.set(name, true);
		} else if (open.length > 0) {
			pending.push(...open);
			continue;
		} else {
			answers.set(
				name,
				inputs.some((input) => answers.get(input) === true),
			);
		}
		pending.pop();
	}
	return answers.get(first) ?? false;
}

function logitsOf(choice: string, facts: Facts): string | null {
	const { scope } = facts;
	const decided = walk(choice, facts)
		.map((name) => scope.producerOf(name))
		.find((node) => node !== undefined && deciding.has(node.opType));
	let logits = decided?.inputs[0] ?? '';
	for (let node = scope.producerOf(logits); node && cutting.has(node.opType);) {
		logits = node.inputs[0] ?? '';
		node = scope.producerOf(logits);
	}
	return logits || null;
}
