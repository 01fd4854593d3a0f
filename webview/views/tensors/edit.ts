/** Where the values of a patch come from: the same model run on another input. */
export type Source =
	/** The same ids in another order, drawn with this seed. */
	| { readonly kind: 'shuffled'; readonly seed: number }
	| { readonly kind: 'ids'; readonly ids: readonly number[] }
	/** Every float input drawn anew. */
	| { readonly kind: 'random'; readonly seed: number };

/**
 * One change of a tensor by hand. What it does not touch stays as the model computed it when the edit was made, those
 * before it in place.
 */
export interface Edit {
	readonly tensor: string;
	readonly what: 'zero' | 'scale' | 'patch';
	/** The axis whose places `first` to `last` change; −1 for the whole tensor. */
	readonly axis: number;
	/** Parts that the axis is divided into, such as heads packed beside each other; 0 for each place of its own. */
	readonly parts: number;
	readonly first: number;
	readonly last: number;
	/** Of `scale`. */
	readonly factor: number;
	/** Of `patch`. */
	readonly source: Source;
}

/** Thrown where an edit does not fit the tensor. */
export class EditError extends Error {
	override readonly name = 'EditError';
}

/**
 * The tensor with the edit's places changed; a copy.
 *
 * @param patch values of the same shape from the other run, where the edit patches
 * @throws EditError
 */
export function edited(
	values: Float32Array,
	shape: readonly number[],
	edit: Edit,
	patch?: Float32Array,
): Float32Array<ArrayBuffer> {
	if (edit.what === 'patch' && patch?.length !== values.length)
		throw new EditError(
			`${edit.tensor} has ${values.length} values, and the run to patch from has ${patch?.length ?? 0}.`,
		);
	const change = (at: number) =>
		edit.what === 'zero' ? 0 : edit.what === 'scale' ? values[at]! * edit.factor : patch![at]!;
	const result = values.slice();
	const touched = touchedBy(shape, edit);
	for (let at = 0; at < result.length; at++) if (touched(at)) result[at] = change(at);
	return result;
}

/** Whether an element, by its place in the row-major tensor, is changed by the edit. */
function touchedBy(shape: readonly number[], { tensor, axis, parts, first, last }: Edit) {
	if (axis < 0) return () => true;
	const size = shape[axis];
	if (size === undefined)
		throw new EditError(`${tensor} has ${shape.length} axes, and axis ${axis} was to be changed.`);
	const count = parts > 0 ? parts : size;
	if (size % count !== 0 || first > last || last >= count)
		throw new EditError(
			`Axis ${axis} of ${tensor} has ${size} places in ${count} parts; ${first} to ${last} are not among them.`,
		);
	const length = size / count;
	const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
	const [from, to] = [first * length, (last + 1) * length];
	return (at: number) => {
		const place = Math.floor(at / inner) % size;
		return place >= from && place < to;
	};
}

/** An edit in words, such as `zero heads 1 to 2 of /layers.0/Softmax_output_0`. */
export function editWords({
	tensor,
	what,
	axis,
	parts,
	first,
	last,
	factor,
	source,
}: Edit): string {
	const places = first === last ? `${first}` : `${first} to ${last}`;
	const part =
		axis < 0 ? '' : parts > 0 ? `heads ${places} of ` : `places ${places} of axis ${axis} of `;
	if (what === 'zero') return `zero ${part}${tensor}`;
	if (what === 'scale') return `scale ${part}${tensor} by ${factor}`;
	return `patch ${part}${tensor} from ${sourceWords(source)}`;
}

function sourceWords(source: Source): string {
	if (source.kind === 'shuffled') return `a run on the same ids, shuffled (seed ${source.seed})`;
	if (source.kind === 'random') return `a run on random input (seed ${source.seed})`;
	return `a run on other ids`;
}
