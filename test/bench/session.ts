import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launchBrowser } from '../e2e/harness/browser.ts';
import type { SessionMeasurements } from './session-page.ts';

declare global {
	/** Of `session-page.ts`. */
	function measure(tokens: number): Promise<SessionMeasurements>;
}

const tokens = 512;

const files: Readonly<Record<string, { path: string; type: string }>> = {
	'/page.js': { path: '.cache/bench/session-page.mjs', type: 'text/javascript' },
	'/model.onnx': { path: 'samples/mqar-softmax/model.onnx', type: 'application/octet-stream' },
	'/ort.wasm': {
		path: 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
		type: 'application/wasm',
	},
};

/** Measures what sessions cost in a browser, on whatever adapter it has, and prints it as JSON. */
async function main(): Promise<void> {
	const server = createServer((request, response) => {
		const file = files[request.url ?? ''];
		if (!file) {
			response.setHeader('content-type', 'text/html');
			response.end('<script type="module" src="page.js"></script>');
			return;
		}
		void readFile(file.path).then((bytes) => {
			response.setHeader('content-type', file.type);
			response.end(bytes);
		});
	});
	// WebGPU needs a secure context, and loopback is one
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const browser = await launchBrowser(true);
	try {
		const page = await browser.newPage();
		page.setDefaultTimeout(600_000);
		await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
		await page.waitForFunction(() => 'measure' in globalThis);
		const { adapter, create, run } = await page.evaluate((length) => measure(length), tokens);
		console.log(
			JSON.stringify({
				model: 'samples/mqar-softmax/model.onnx',
				adapter,
				sessionWithProbes: {
					plainMs: create.plain,
					probedMs: create.probed,
					ratio: create.ratio,
					suffixBytes: create.suffixBytes,
					limit: 1.05,
				},
				tapsOnGpu: {
					tokens,
					queuedMs: run.queued,
					doneMs: run.done,
					readBackMs: run.readBack,
					readBackBytes: run.weightBytes,
					timesFasterToQueued: run.readBack / run.queued,
					timesFasterToDone: run.readBack / run.done,
				},
			}),
		);
	} finally {
		await browser.close();
		server.close();
	}
}

await main();
