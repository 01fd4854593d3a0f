/** An Einsum equation with one label for each axis. */
export interface Equation {
	readonly inputs: readonly (readonly string[])[];
	readonly output: readonly string[];
}

/**
 * Reads an Einsum equation; an ellipsis becomes labels `.0`, `.1`, ... counted from the right.
 *
 * @param ranks of the inputs; needed only where the equation has an ellipsis
 * @returns null where the equation is malformed or an ellipsis cannot be counted
 */
export function parseEquation(text: string, ranks: readonly (number | null)[]): Equation | null {
	const [left, right] = text.replace(/\s/g, '').split('->');
	if (left === undefined || left === '') return null;
	const inputs: string[][] = [];
	let widest: string[] = [];
	for (const [at, term] of left.split(',').entries()) {
		const labels = labelsOf(term, ranks[at] ?? null);
		if (!labels) return null;
		const dots = labels.filter((label) => label.startsWith('.'));
		if (dots.length > widest.length) widest = dots;
		inputs.push(labels);
	}
	if (right === undefined) return { inputs, output: [...widest, ...implied(inputs)] };
	const output = right.includes('...')
		? right
				.split('...')
				.flatMap((part, at) => (at === 0 ? part.split('') : [...widest, ...part.split('')]))
		: right.split('');
	return { inputs, output };
}

function labelsOf(term: string, rank: number | null): string[] | null {
	const parts = term.split('...');
	if (parts.length === 1) return term.split('');
	if (parts.length > 2 || rank === null) return null;
	const hidden = rank - parts[0]!.length - parts[1]!.length;
	if (hidden < 0) return null;
	const dots = Array.from({ length: hidden }, (_, i) => `.${hidden - 1 - i}`);
	return [...parts[0]!.split(''), ...dots, ...parts[1]!.split('')];
}

/** Without an arrow: the labels that occur once, in alphabetical order. */
function implied(inputs: readonly (readonly string[])[]): string[] {
	const all = inputs.flat().filter((label) => !label.startsWith('.'));
	return [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
}
