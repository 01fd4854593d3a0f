import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../../e2e/harness/browser.ts';

const runtime = 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm';

const typeOf = (path: string): string => {
	if (path.endsWith('.mjs')) return 'text/javascript';
	return path.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream';
};

/**
 * Loads a bundled page with onnxruntime's `ort.wasm` beside it into a browser with WebGPU, and asks it once it has
 * put `ready` on `globalThis`.
 *
 * @param files what else the page fetches: path of the URL to path of the file
 */
export async function measureInBrowser<Result>(
	page: { readonly script: string; readonly ready: string; readonly timeoutMs: number },
	files: Readonly<Record<string, string>>,
	ask: (page: Page) => Promise<Result>,
): Promise<Result> {
	const served: Readonly<Record<string, string>> = {
		'/page.js': `.cache/bench/${page.script}.mjs`,
		'/ort.wasm': runtime,
		...files,
	};
	const server = createServer((request, response) => {
		const path = served[request.url ?? ''];
		if (path === undefined) {
			response.setHeader('content-type', 'text/html');
			response.end('<script type="module" src="page.js"></script>');
			return;
		}
		void readFile(path).then((bytes) => {
			response.setHeader('content-type', typeOf(path));
			response.end(bytes);
		});
	});
	// WebGPU needs a secure context, and loopback is one
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const browser = await launchBrowser(true);
	try {
		const opened = await browser.newPage();
		opened.setDefaultTimeout(page.timeoutMs);
		opened.on('console', (message) => console.error(message.text()));
		await opened.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
		await opened.waitForFunction((name) => name in globalThis, page.ready);
		return await ask(opened);
	} finally {
		await browser.close();
		server.close();
	}
}
