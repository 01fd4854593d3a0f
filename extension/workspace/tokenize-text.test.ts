import { expect, it } from 'vitest';
import { tokenizeText } from './tokenize-text.ts';

const words = ['[UNK]', 'the', 'red', 'fox', '##es'];
const tokenizer = JSON.stringify({
	version: '1.0',
	truncation: null,
	padding: null,
	added_tokens: [],
	normalizer: { type: 'Lowercase' },
	pre_tokenizer: { type: 'Whitespace' },
	post_processor: null,
	decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
	model: {
		type: 'WordPiece',
		unk_token: '[UNK]',
		continuing_subword_prefix: '##',
		max_input_chars_per_word: 100,
		vocab: Object.fromEntries(words.map((word, id) => [word, id])),
	},
});
const files = { tokenizer, config: undefined };

it('turns text into ids, and each id back into what stands on the axes', async () => {
	const { ids, words: shown } = await tokenizeText('The red foxes', files);
	expect(ids).toEqual([1, 2, 3, 4]);
	expect(shown).toHaveLength(4);
	expect(shown.slice(0, 3)).toEqual(['the', 'red', 'fox']);
});

it('says that a text gives no token', async () => {
	await expect(tokenizeText('  ', files)).rejects.toThrow('The text gives no token.');
});

it.each(['{', '{}', 'null', '{"model": {"type": "Unheard"}}'])(
	'says that %j is no tokenizer',
	async (text) => {
		await expect(tokenizeText('red', { ...files, tokenizer: text })).rejects.toThrow(
			/^tokenizer.json cannot be used: /,
		);
	},
);
