import type { Assignment, Expression } from './python-syntax.ts';

type Entry = readonly [string, Expression];

/** Assignments of one body, to be asked for by target. */
interface ByTarget {
	readonly exact: ReadonlyMap<string, readonly Assignment[]>;
	readonly patterns: readonly Assignment[];
	/** What is put into something by name, by what it is put into. */
	readonly entries: ReadonlyMap<string, readonly Entry[]>;
	readonly entryPatterns: readonly { readonly into: string; readonly entry: Entry }[];
}

const known = new WeakMap<readonly Assignment[], ByTarget>();

/** What is assigned to a target, or added to it; where its name is written out, only that. */
export function assigned(
	target: string,
	assignments: readonly Assignment[],
): readonly Assignment[] {
	const { exact, patterns } = byTarget(assignments);
	return exact.get(target) ?? patterns.filter(({ target: given }) => fits(given, target));
}

/** What is put into a variable by name: `x['key'] = value` and `x.key = value`. */
export function entriesOf(target: string, assignments: readonly Assignment[]): readonly Entry[] {
	const { entries, entryPatterns } = byTarget(assignments);
	const loose = entryPatterns.filter(({ into }) => fits(into, target));
	return [...(entries.get(target) ?? []), ...loose.map(({ entry }) => entry)];
}

function byTarget(assignments: readonly Assignment[]): ByTarget {
	const before = known.get(assignments);
	if (before) return before;
	const exact = new Map<string, Assignment[]>();
	const entries = new Map<string, Entry[]>();
	const entryPatterns: { into: string; entry: Entry }[] = [];
	for (const assignment of assignments) {
		const { target, value, appends } = assignment;
		exact.set(target, [...(exact.get(target) ?? []), assignment]);
		const dot = target.lastIndexOf('.');
		if (appends || dot < 0 || value.kind === 'other' || value.kind === 'text') continue;
		const into = target.slice(0, dot);
		const entry = [target.slice(dot + 1), value] as const;
		if (into.includes('*')) entryPatterns.push({ into, entry });
		else entries.set(into, [...(entries.get(into) ?? []), entry]);
	}
	const patterns = assignments.filter(({ pattern }) => pattern);
	const made = { exact, patterns, entries, entryPatterns };
	known.set(assignments, made);
	return made;
}

const MOST_PATTERNS = 1000;
const patternsOf = new Map<string, RegExp>();

/** Whether a name may be what a pattern with `*` stands for. */
export function fits(pattern: string, name: string): boolean {
	let known = patternsOf.get(pattern);
	if (!known) {
		const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
		known = new RegExp(`^${parts.join('[^.]+')}$`);
		if (patternsOf.size >= MOST_PATTERNS) patternsOf.clear();
		patternsOf.set(pattern, known);
	}
	return known.test(name);
}

/** What a name was given, with what was added to it afterwards: by append, or as an entry or attribute of it. */
export function gathered(
	writes: readonly Assignment[],
	entries: readonly Entry[],
): readonly { readonly value: Expression; readonly line: number }[] {
	const added = writes.filter(({ appends }) => appends).map(({ value }) => each(value));
	const plain = writes.filter(({ appends }) => !appends);
	const speaking = plain.filter(({ value }) => value.kind !== 'other' && value.kind !== 'text');
	if (added.length === 0 && entries.length === 0) return speaking.length > 0 ? speaking : plain;
	const line = plain[0]?.line ?? added[0]?.line ?? entries[0]![1].line;
	const of = speaking.map(({ value }) => value);
	return [{ value: { kind: 'filled', of, added, entries, line }, line }];
}

/** What is added once may be added in a loop. */
const each = (value: Expression): Expression => ({ kind: 'each', item: value, line: value.line });

export const tableOf = (
	entries: readonly (readonly [string, Expression])[],
	line: number,
): Expression[] => (entries.length > 0 ? [{ kind: 'table', entries, line }] : []);
