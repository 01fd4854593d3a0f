import type { ModelIndex } from '../onnx/model-index.ts';
import type { ModelInput } from '../protocol/run.ts';
import { encodeElements, isElementType } from './element-types.ts';
import { InputError } from './input-error.ts';
import { makeInput, type MadeFrom } from './make-input.ts';
import { neededInputs, shapeText, type NeededInput } from './model-inputs.ts';
import { pictureAxes, pictureSize, pixelValues, type Scaling } from './pixel-values.ts';
import { decodePicture } from './picture-file.ts';
import { symbolOf } from './open-sizes.ts';

/** The input that a picture goes into, or undefined where a model takes none. */
export function pictureInput(index: ModelIndex): NeededInput | undefined {
	return neededInputs(index).find((input) => pictureAxes(input) !== undefined);
}

/**
 * The input of a picture file; what else the model takes is made up to fit it.
 *
 * @throws InputError where the model takes no picture or the file is none
 */
export async function inputOfPicture(
	index: ModelIndex,
	bytes: Uint8Array,
	file: string,
	scaling: Scaling,
	from: MadeFrom = {},
): Promise<ModelInput> {
	const input = pictureInput(index);
	const axes = input && pictureAxes(input);
	if (!axes || !isElementType(input.dtype)) {
		const takes = neededInputs(index).map(({ name, shape }) => `${name} ${shapeText(shape)}`);
		throw new InputError('unfit', `No input of the model takes a picture; it takes ${takes.join(', ')}.`); // prettier-ignore
	}
	const pixels = await decodePicture(bytes, file);
	const own = pictureSize(axes, pixels);
	const asked = (axis: number) =>
		from.sizes?.[symbolOf(input.name, axis, input.shape?.[axis] ?? null)];
	const [down, across] = axes.last ? [1, 2] : [2, 3];
	const size = { height: asked(down) ?? own.height, width: asked(across) ?? own.width };
	const whole = input.dtype === 'uint8';
	const { shape, values } = pixelValues(pixels, axes, size, whole ? 'bytes' : scaling);
	const data = encodeElements(input.dtype, whole ? values.map(Math.round) : values);
	const given = { name: input.name, dtype: input.dtype, shape, data };
	const made = makeInput(index, undefined, { ...from, given: [given], source: file });
	const how = `${file}: ${pixels.width} by ${pixels.height} pixels resized to ${size.width} by ${size.height}${whole ? '' : `, scaled ${scaling}`}.`;
	return { ...made, note: `${how} ${made.note}`.trim() };
}
