/** The items of a Python list of strings as `repr` writes it: single or double quotes, backslash escapes. */
export function parseReprList(text: string): string[] {
	const items: string[] = [];
	const item = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs;
	for (const match of text.matchAll(item)) {
		items.push((match[1] ?? match[2] ?? '').replace(/\\(.)/gs, '$1'));
	}
	return items;
}
