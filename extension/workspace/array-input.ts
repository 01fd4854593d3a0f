import type { ModelIndex } from '../onnx/model-index.ts';
import type { InputTensor, ModelInput } from '../protocol/run.ts';
import { decodeElements, encodeElements, firstUnfit, isElementType } from './element-types.ts';
import { InputError } from './input-error.ts';
import { makeInput, type MadeFrom } from './make-input.ts';
import { neededInputs, shapeText, type NeededInput } from './model-inputs.ts';
import { listNpz, readNpy, readNpz, type NumpyArray } from './npz.ts';

/**
 * The input of a NumPy file. An `.npz` gives inputs by their names; an `.npy`, or an `.npz` of one array, gives the input
 * whose shape it has. What the file does not give is made up to fit it.
 *
 * @throws InputError saying what was expected and what the file has
 */
export function arrayInput(
	index: ModelIndex,
	bytes: Uint8Array,
	file: string,
	from: MadeFrom = {},
): ModelInput {
	const needed = neededInputs(index);
	const arrays = arraysOf(bytes, file);
	const [only] = arrays;
	const named = arrays.flatMap(([name, array]): InputTensor[] => {
		const input = needed.find((each) => each.name === name);
		return input ? [cast(input, array, `${file}, array ${name}`)] : [];
	});
	if (named.length === 0 && only && arrays.length === 1) {
		const input = needed.find((each) => hasShape(each, only[1]));
		if (input) named.push(cast(input, only[1], file));
	}
	if (named.length === 0) {
		const got = arrays.map(([name, { dtype, shape }]) => `${name} (${dtype} ${shapeText(shape)})`);
		const takes = needed.map(({ name, dtype, shape }) => `${name} (${dtype} ${shapeText(shape)})`);
		throw new InputError(
			'unfit',
			`${file} has ${got.join(', ') || 'no array'}, and the model takes ${takes.join(', ')}.`,
		);
	}
	return makeInput(index, undefined, { ...from, given: named, source: file });
}

function arraysOf(bytes: Uint8Array, file: string): (readonly [string, NumpyArray])[] {
	if (bytes[0] === 0x93) return [['the array', readNpy(bytes, file)]];
	return listNpz(bytes, file).map(({ name }) => [name, readNpz(bytes, name, file)] as const);
}

function hasShape({ shape, dtype }: NeededInput, array: NumpyArray): boolean {
	const whole = (type: string) => /int|bool/.test(type);
	if (whole(dtype) !== whole(array.dtype)) return false;
	if (shape === null) return true;
	return (
		shape.length === array.shape.length &&
		shape.every((size, axis) => typeof size !== 'number' || size === array.shape[axis])
	);
}

/** NumPy's own types are int64 and float64; a model's are often narrower. */
function cast(
	{ name, dtype }: NeededInput,
	{ dtype: stored, shape, data }: NumpyArray,
	where: string,
): InputTensor {
	if (!isElementType(dtype))
		throw new InputError('unfit', `The model's input ${name} is ${dtype}, which cannot be given.`);
	if (stored === dtype) return { name, dtype, shape: [...shape], data };
	if (!isElementType(stored))
		throw new InputError('malformed', `${where}: ${stored} cannot be given to ${name} (${dtype}).`);
	const values = decodeElements(stored, data);
	const unfit = firstUnfit(dtype, values);
	if (unfit >= 0)
		throw new InputError(
			'malformed',
			`${where}: element ${unfit} is ${values[unfit]!}, which ${dtype} cannot hold.`,
		);
	return { name, dtype, shape: [...shape], data: encodeElements(dtype, values) };
}
