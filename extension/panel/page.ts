import { contentSecurityPolicy } from './csp.ts';

/** Where a page is shown: a full tab or the side bar. */
export type Surface = 'panel' | 'side';

/** Uris as a webview may load them. */
export interface PageFiles {
	readonly script: string;
	readonly style: string;
	readonly worker: string;
	/** Of onnxruntime-web. */
	readonly wasm: string;
}

export interface PageOptions {
	readonly surface: Surface;
	readonly files: PageFiles;
	/** `webview.cspSource`. */
	readonly own: string;
	readonly nonce: string;
	/** BCP 47. */
	readonly language: string;
	readonly title: string;
	/** Sentences in that language by their English; empty for English itself. */
	readonly words: Readonly<Record<string, string>>;
}

/**
 * The page of a panel or of the side view: an element with all that the script needs to start, and the script.
 * The script reads `data-surface`, `data-worker`, `data-wasm`, `data-nonce` and `data-words` of `#attnscope`.
 */
export function pageHtml({
	surface,
	files,
	own,
	nonce,
	language,
	title,
	words,
}: PageOptions): string {
	const attributes = {
		'data-surface': surface,
		'data-worker': files.worker,
		'data-wasm': files.wasm,
		'data-nonce': nonce,
		'data-words': JSON.stringify(words),
	};
	const written = Object.entries(attributes)
		.map(([name, value]) => `${name}="${escapeHtml(value)}"`)
		.join(' ');
	return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(contentSecurityPolicy(own, nonce))}">
<meta property="csp-nonce" content="${escapeHtml(nonce)}">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(files.style)}">
</head>
<body>
<main id="attnscope" ${written}></main>
<script nonce="${escapeHtml(nonce)}" src="${escapeHtml(files.script)}"></script>
</body>
</html>`;
}

const entities: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
