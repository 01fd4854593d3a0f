import { expect, it } from 'vitest';
import { parseTokenIds } from './token-ids.ts';

it.each(['5 17 3', '5,17,3', ' [5, 17, 3] ', '5; 17\n3', '(5, 17, 3,)'])('reads %j', (typed) => {
	expect(parseTokenIds(typed)).toEqual([5, 17, 3]);
});

it.each([
	['', 'got nothing'],
	['5 x 3', 'got x at place 2'],
	['5 -1', 'got -1 at place 2'],
	['1.5', 'got 1.5 at place 1'],
	['99999999999999999999', 'at place 1'],
])('refuses %j', (typed, message) => {
	expect(() => parseTokenIds(typed)).toThrow(message);
});
