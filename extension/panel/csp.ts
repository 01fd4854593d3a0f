/**
 * The content security policy of our pages.
 *
 * @param own the webview's own origin, `webview.cspSource`
 * @param nonce fresh for every page
 */
export function contentSecurityPolicy(own: string, nonce: string): string {
	const directives: readonly (readonly [name: string, ...sources: string[]])[] = [
		// What is not named below is not loaded; above all there is no network.
		['default-src', "'none'"],
		// Our bundle by its nonce; onnxruntime compiles WebAssembly, but nothing may call eval.
		['script-src', own, `'nonce-${nonce}'`, "'wasm-unsafe-eval'"],
		// A webview starts workers from blob: alone, because its own files have another origin than its page.
		['worker-src', 'blob:'],
		// The page fetches the worker's script and the WebAssembly of this extension, then reads its own blobs.
		['connect-src', own, 'blob:'],
		// Our style sheet, and the one that the page inserts by its nonce.
		['style-src', own, `'nonce-${nonce}'`],
		// Pictures that the page draws itself, to be shown or saved.
		['img-src', own, 'data:', 'blob:'],
		// The editor's icon font, which stands inside our style sheet.
		['font-src', own, 'data:'],
	];
	return directives.map((directive) => directive.join(' ')).join('; ');
}
