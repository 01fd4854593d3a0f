/**
 * Module path of a node by its name: `/layers.0/mixer/Softmax_1` gives `/layers.0/mixer`; a name without
 * separators, such as `Softmax_175`, gives the empty path.
 */
export function pathOfName(name: string): string {
	const end = name.lastIndexOf('/');
	return end <= 0 ? '' : name.slice(0, end);
}

/**
 * Module path from `pkg.torch.onnx.name_scopes`: the cumulative paths `['', 'layers.0', 'layers.0.attn', 'softmax']`
 * give `/layers.0/attn`, as node names would.
 */
export function pathOfScopes(scopes: readonly string[]): string {
	let path = '';
	let before = '';
	for (const scope of scopes.slice(0, -1)) {
		if (scope === '' || scope === before) continue;
		const inside = before !== '' && scope.startsWith(`${before}.`);
		path += `/${inside ? scope.slice(before.length + 1) : scope}`;
		before = scope;
	}
	return path;
}

/** Module path from `namespace`: `: m.Net/layers.0: m.Block/layers.0.attn: m.Attention/softmax: aten.softmax`. */
export function pathOfNamespace(namespace: string): string {
	const scopes = namespace.split('/').map((part) => part.slice(0, part.lastIndexOf(': ')).trim());
	return pathOfScopes(scopes);
}

/** The items of a Python list of strings as `repr` writes it. */
export function parseReprList(text: string): string[] {
	const items: string[] = [];
	const item = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs;
	for (const match of text.matchAll(item)) {
		items.push((match[1] ?? match[2] ?? '').replace(/\\(.)/gs, '$1'));
	}
	return items;
}
