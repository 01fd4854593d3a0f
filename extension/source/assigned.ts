import type { Assignment, Expression } from './python-syntax.ts';

/** What is assigned to a target, or added to it; where its name is written out, only that. */
export function assigned(
	target: string,
	assignments: readonly Assignment[],
): readonly Assignment[] {
	const exact = assignments.filter(({ target: given }) => given === target);
	if (exact.length > 0) return exact;
	return assignments.filter(({ target: given, pattern }) => pattern && fits(given, target));
}

/** Whether a name may be what a pattern with `*` stands for. */
export function fits(pattern: string, name: string): boolean {
	const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp(`^${parts.join('[^.]+')}$`).test(name);
}

/** What a name was given, with what was added to it afterwards: by append, or as an entry or attribute of it. */
export function gathered(
	writes: readonly Assignment[],
	entries: readonly (readonly [string, Expression])[],
): readonly { readonly value: Expression; readonly line: number }[] {
	const added = writes.filter(({ appends }) => appends).map(({ value }) => each(value));
	const plain = writes.filter(({ appends }) => !appends);
	const speaking = plain.filter(({ value }) => value.kind !== 'other' && value.kind !== 'text');
	if (added.length === 0 && entries.length === 0) return speaking.length > 0 ? speaking : plain;
	const line = plain[0]?.line ?? added[0]?.line ?? entries[0]![1].line;
	const of = speaking.map(({ value }) => value);
	return [{ value: { kind: 'filled', of, added, entries, line }, line }];
}

/** What is put into a variable by name: `x['key'] = value` and `x.key = value`. */
export function entriesOf(
	target: string,
	assignments: readonly Assignment[],
): (readonly [string, Expression])[] {
	return assignments.flatMap(({ target: given, value, appends }) => {
		const dot = given.lastIndexOf('.');
		const whole = given.slice(0, dot);
		if (appends || dot < 0 || value.kind === 'other' || value.kind === 'text') return [];
		const same = whole === target || (whole.includes('*') && fits(whole, target));
		return same ? [[given.slice(dot + 1), value] as const] : [];
	});
}

/** What is added once may be added in a loop. */
const each = (value: Expression): Expression => ({ kind: 'each', item: value, line: value.line });

export const tableOf = (
	entries: readonly (readonly [string, Expression])[],
	line: number,
): Expression[] => (entries.length > 0 ? [{ kind: 'table', entries, line }] : []);
