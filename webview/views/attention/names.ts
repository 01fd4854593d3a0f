import { keyTokens } from './sequence.ts';
import type { Shown } from './shown.ts';

type Named = Pick<Shown, 'data' | 'measured' | 'picture' | 'state'>;

/** What is written for a key: its word, or its position where the input has no words. */
export function keyName({ data, measured, picture, state }: Named, key: number): string {
	const tokens = picture.site.cross ? [] : keyTokens(data, measured, state.batch);
	return visible(tokens[key] ?? String(key));
}

export function queryName({ data, measured, picture, state }: Named, query: number): string {
	const { tokens } = data;
	if (!picture.site.cross) {
		const own = keyTokens(data, measured, state.batch)[query + measured.queryOffset];
		if (own !== undefined) return visible(own);
	}
	const { B, T } = measured;
	const own = tokens.length === T || tokens.length === B * T ? tokens : [];
	return visible(own[(own.length === T ? 0 : state.batch * T) + query] ?? String(query));
}

/** White space would be invisible on an axis. */
function visible(token: string): string {
	return token.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥') || '∅';
}
