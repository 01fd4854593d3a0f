import type { ModelSummary } from '../../../../extension/protocol/model.ts';
import type { ArrayFileContent } from '../../../../extension/protocol/files.ts';

/** Vectors that are taken apart: rows of an activation, or of a weight. */
export interface FeatureTensor {
	/** `weight:` and its name for the rows of a weight; else the name of an activation. */
	readonly name: string;
	readonly label: string;
	readonly width: number;
}

/** Something whose rows or columns serve as features. */
export interface DictionarySource {
	/** `table:NAME`, `reads:NODE`, `writes:NODE`, `file:PATH#ARRAY`, or `learned`. */
	readonly id: string;
	readonly label: string;
	/** Size of a feature; 0 for one that fits any. */
	readonly width: number;
	readonly count: number;
	/** Features are columns. */
	readonly columns: boolean;
}

export const LEARNED: DictionarySource = {
	id: 'learned',
	label: 'learned from the rows',
	width: 0,
	count: 0,
	columns: false,
};

/** Activations that linear layers read and write, and their weights; those that a table's rows fit come first. */
export function tensorsOf({ linears, tables }: ModelSummary): FeatureTensor[] {
	const found = new Map<string, FeatureTensor>();
	const add = (tensor: FeatureTensor) => {
		if (!found.has(tensor.name)) found.set(tensor.name, tensor);
	};
	for (const { path, name, input, inputs } of linears) {
		add({ name: input, label: `what ${path || name} reads`, width: inputs });
	}
	for (const { path, name, output, outputs } of linears) {
		add({ name: output, label: `what ${path || name} gives`, width: outputs });
	}
	for (const { path, name, inputs } of linears) {
		add({ name: `weight:${name}`, label: `rows of W of ${path || name}`, width: inputs });
	}
	const widths = new Set(tables.map(({ width }) => width));
	return [...found.values()].sort(
		(a, b) => Number(widths.has(b.width)) - Number(widths.has(a.width)),
	);
}

/** Everything in the model and in the files beside it that has features of some size. */
export function sourcesOf(
	{ linears, tables }: ModelSummary,
	files: readonly { readonly path: string; readonly content: ArrayFileContent }[],
): DictionarySource[] {
	return [
		...tables.map(({ name, rows, width }) => ({ id: `table:${name}`, label: `rows of ${name}`, width, count: rows, columns: false })), // prettier-ignore
		...linears.flatMap(({ name, path, inputs, outputs }): DictionarySource[] => [
			{ id: `reads:${name}`, label: `what ${path || name} listens to`, width: inputs, count: outputs, columns: false }, // prettier-ignore
			{ id: `writes:${name}`, label: `what ${path || name} writes`, width: outputs, count: inputs, columns: true }, // prettier-ignore
		]),
		...files.flatMap(({ path, content }) => arraysOf(path, content)),
		LEARNED,
	];
}

/** The matrices of a file; both ways round where both could be meant. */
export function arraysOf(path: string, { arrays }: ArrayFileContent): DictionarySource[] {
	return arrays.flatMap(({ name, shape, dtype }): DictionarySource[] => {
		const [rows = 0, columns = 0] = shape;
		// ids and signs are no directions
		if (!/^(b?f|float)/i.test(dtype) || shape.length !== 2 || rows < 2 || columns < 2) return [];
		const id = `file:${path}#${name}`;
		return [
			{ id, label: `rows of ${name} in ${path}`, width: columns, count: rows, columns: false },
			{ id: `${id}#columns`, label: `columns of ${name} in ${path}`, width: rows, count: columns, columns: true }, // prettier-ignore
		];
	});
}

/** Those whose features are as wide as the tensor's rows, other weights' last. */
export function fitting(sources: readonly DictionarySource[], width: number): DictionarySource[] {
	const rank = ({ id }: DictionarySource) => {
		if (id.startsWith('table:')) return 0;
		if (id.startsWith('file:')) return 1;
		return id === 'learned' ? 2 : 3;
	};
	return sources
		.filter((source) => source.width === width || source.id === 'learned')
		.sort((a, b) => rank(a) - rank(b));
}
