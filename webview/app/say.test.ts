import { afterEach, expect, it } from 'vitest';
import { say, speak } from './say.ts';

afterEach(() => speak(undefined));

it('speaks English until it is told otherwise', () => {
	expect(say('{0} of {1}', 3, 7)).toBe('3 of 7');
});

it('speaks the language of the page, which may put its words in another order', () => {
	speak(JSON.stringify({ '{0} of {1}': 'von {1} erst {0}' }));
	expect(say('{0} of {1}', 3, 7)).toBe('von 7 erst 3');
	expect(say('Run again')).toBe('Run again');
});
