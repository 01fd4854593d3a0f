import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, ConsoleMessage, Page } from 'playwright-core';

/** VS Code's own script, and a proprietary module of its that builds from source do without. */
const editorsOwn = /\/(workbench\.js|vsda\.js|vsda_bg\.wasm)$/;

/** Everything that went wrong in the page, its frames and workers, and in the extension host. */
export class Troubles {
	readonly #seen: string[] = [];

	watch(context: BrowserContext, page: Page): void {
		page.on('console', (message) => this.#note(message));
		context.on('weberror', (error) => this.#seen.push(`uncaught: ${error.error().stack ?? ''}`));
		page.on('requestfailed', (request) => {
			if (!isLocal(request.url())) this.#seen.push(`went out to ${request.url()}`);
		});
	}

	/** Those so far, with what the extension host logged under `home`. */
	async all(home: string): Promise<string[]> {
		return [...this.#seen, ...(await hostErrors(home))];
	}

	#note(message: ConsoleMessage): void {
		const text = message.text();
		const violates = text.includes('Content Security Policy') && !text.includes('[Report Only]');
		if (message.type() !== 'error' && !violates) return;
		const { url } = message.location();
		// The editor complains of what it misses here on its own account; what it says of the extension names it
		if (editorsOwn.test(url) && !/attnscope/i.test(text)) return;
		this.#seen.push(`${text} (${url})`);
	}
}

/** A service worker of the editor answers for `vscode-resource.vscode-cdn.net`: the extension's own files. */
const isLocal = (url: string) =>
	/^(data|blob|vscode-webview):/.test(url) ||
	/^(127\.0\.0\.1|.*\.vscode-resource\.vscode-cdn\.net)$/.test(new URL(url).hostname);

/** The lines of error that name the extension in the logs of its host. */
async function hostErrors(home: string): Promise<string[]> {
	const logs = await readdir(join(home, 'logs'), { recursive: true });
	const own = logs.filter((path) => /remoteexthost\.log$|attnscope.*\.log$/i.test(path));
	const texts = await Promise.all(own.map((path) => readFile(join(home, 'logs', path), 'utf8')));
	return texts
		.flatMap((text) => text.split('\n'))
		.filter((line) => line.includes('[error]') && /attnscope/i.test(line));
}
