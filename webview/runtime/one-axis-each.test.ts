import { expect, it } from 'vitest';
import { tensorOf } from '../../test/views/hand-made-run.ts';
import { withOneAxisEach } from './one-axis-each.ts';

const counted = (shape: readonly number[], axes: string) => {
	const length = shape.reduce((a, b) => a * b, 1);
	return {
		role: 'mask',
		axes,
		tensor: tensorOf(
			'm',
			shape,
			Array.from({ length }, (_, i) => i),
		),
	};
};
const laid = async (
	shape: readonly number[],
	axes: string,
	sizes: Parameters<typeof withOneAxisEach>[1],
) => {
	const read = await withOneAxisEach(counted(shape, axes), sizes);
	return {
		axes: read.axes,
		shape: read.tensor.shape,
		values: Array.from(await read.tensor.read()),
	};
};

it('hands on a mask that has one axis each', async () => {
	const read = counted([2, 1, 3, 3], 'B1TS');
	expect(await withOneAxisEach(read, { B: 2, H: 4, T: 3, S: 3 })).toBe(read);
});

it('repeats the mask of each window for every picture', async () => {
	expect(await laid([1, 2, 1, 1, 2], 'BB1TS', { B: 4, H: 3, T: 1, S: 2 })).toEqual({
		axes: 'BHTS',
		shape: [4, 1, 1, 2],
		values: [0, 1, 2, 3, 0, 1, 2, 3],
	});
});

it('adds rows of a picture to all columns of them, and columns to all rows', async () => {
	const sizes = { B: 1, H: 1, T: 2, S: 6 };
	// two rows of three pixels
	expect((await laid([1, 1, 2, 2, 1], 'HTTSS', sizes)).values).toEqual([
		0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3,
	]);
	expect((await laid([1, 1, 2, 1, 3], 'HTTSS', sizes)).values).toEqual([
		0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5,
	]);
});

it('gives all heads of a sequence its padding, where they share one axis', async () => {
	expect(await laid([2, 1, 1, 2], 'B11S', { B: 1, H: 6, T: 4, S: 2 })).toEqual({
		axes: 'BHTS',
		shape: [1, 6, 1, 2],
		values: [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3],
	});
});

it('says what does not make up the whole', async () => {
	await expect(laid([1, 3, 1, 1, 2], 'BB1TS', { B: 4, H: 3, T: 1, S: 2 })).rejects.toThrow(
		'mask (m) of shape [1, 3, 1, 1, 2] was expected to make up 4 places along B.',
	);
});
