import { InputError } from './input-error.ts';
import type { ChosenTokens } from './make-input.ts';

/** The texts of a tokenizer's two files; the second is often missing. */
export interface TokenizerFiles {
	readonly tokenizer: string;
	readonly config: string | undefined;
}

/**
 * @returns the ids of a text, and what to write on the axes: each token as its own text where that can be told
 * @throws InputError `malformed` where a file is no tokenizer or the text gives no token
 */
export async function tokenizeText(text: string, files: TokenizerFiles): Promise<ChosenTokens> {
	const tokenizer = await makeTokenizer(files);
	const { ids } = tokenizer.encode(text);
	if (ids.length === 0) throw new InputError('malformed', 'The text gives no token.');
	return { ids, words: ids.map((id) => tokenizer.decode([id])), source: 'typed text' };
}

async function makeTokenizer({ tokenizer, config }: TokenizerFiles) {
	const { Tokenizer } = await import('@huggingface/tokenizers');
	try {
		return new Tokenizer(
			JSON.parse(tokenizer) as Record<string, unknown>,
			JSON.parse(config ?? '{}') as Record<string, unknown>,
		);
	} catch (error) {
		throw new InputError(
			'malformed',
			`tokenizer.json cannot be used: ${error instanceof Error ? error.message : String(error)}`,
		);
	}
}
