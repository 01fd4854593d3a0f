import { expect, it } from 'vitest';
import {
	decodeElements,
	elementTypes,
	encodeElements,
	firstUnfit,
	type ElementType,
} from './element-types.ts';

it.each(Object.keys(elementTypes) as ElementType[])('gives back the numbers of %s', (dtype) => {
	const values = dtype === 'bool' ? [0, 1, 1] : [0, 1, 100];
	expect(decodeElements(dtype, encodeElements(dtype, values))).toEqual(values);
});

it('writes every half-precision number as it was read', () => {
	const wrong: number[] = [];
	for (let bits = 0; bits < 0x10000; bits++) {
		const value = decodeElements('float16', Uint8Array.of(bits & 0xff, bits >> 8))[0]!;
		if (Number.isNaN(value)) continue;
		const [low, high] = encodeElements('float16', [value]);
		if ((high! << 8) + low! !== bits) wrong.push(bits);
	}
	expect(wrong).toEqual([]);
});

it('rounds a half to nearest, ties to even, and overflows to infinity', () => {
	const rounded = (value: number) =>
		decodeElements('float16', encodeElements('float16', [value]))[0];
	expect(rounded(1 + 1 / 2048)).toBe(1);
	expect(rounded(1 + 3 / 2048)).toBe(1 + 2 / 1024);
	expect(rounded(65519)).toBe(65504);
	expect(rounded(65520)).toBe(Infinity);
	expect(rounded(2 ** -26)).toBe(0);
});

it('finds what an integer type cannot hold', () => {
	expect(firstUnfit('int8', [0, 127, 128])).toBe(2);
	expect(firstUnfit('int64', [1, 1.5])).toBe(1);
	expect(firstUnfit('bool', [1, 0, -1])).toBe(2);
	expect(firstUnfit('float32', [1.5, NaN])).toBe(-1);
});
