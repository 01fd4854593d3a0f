import { InputError } from './input-error.ts';

/**
 * Ids as people type or paste them: `1 2 3`, `1, 2, 3`, `[1, 2, 3]`.
 *
 * @throws InputError `malformed` naming what is not an id
 */
export function parseTokenIds(typed: string): number[] {
	const words = typed
		.replace(/^[\s[(]+|[\s\])]+$/g, '')
		.split(/[\s,;]+/)
		.filter((word) => word !== '');
	if (words.length === 0)
		throw new InputError('malformed', 'Expected token ids such as 5, 17, 3, got nothing.');
	return words.map((word, i) => {
		if (!/^\d+$/.test(word) || !Number.isSafeInteger(Number(word)))
			throw new InputError(
				'malformed',
				`Expected whole numbers from 0, got ${word} at place ${i + 1}.`,
			);
		return Number(word);
	});
}
