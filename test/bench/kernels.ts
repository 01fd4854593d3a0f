import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launchBrowser } from '../e2e/harness/browser.ts';
import type { KernelMeasurements } from './kernels-page.ts';

declare global {
	/** Of `kernels-page.ts`. */
	function measureKernels(lengths: readonly number[]): Promise<KernelMeasurements>;
}

const lengths = (process.env.ATTNSCOPE_BENCH_TOKENS ?? '256,1024,4096').split(',').map(Number);

const files: Readonly<Record<string, { path: string; type: string }>> = {
	'/page.js': { path: '.cache/bench/kernels-page.mjs', type: 'text/javascript' },
	'/ort.wasm': {
		path: 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
		type: 'application/wasm',
	},
};

/** Measures the kernels against onnxruntime-web's operators on one device, and prints it as JSON. */
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
		page.setDefaultTimeout(1_800_000);
		page.on('console', (message) => console.error(message.text()));
		await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
		await page.waitForFunction(() => 'measureKernels' in globalThis);
		const measured = await page.evaluate((tokens) => measureKernels(tokens), lengths);
		console.log(JSON.stringify(report(measured)));
	} finally {
		await browser.close();
		server.close();
	}
}

function report({ adapter, outputs, statistics, growth }: KernelMeasurements) {
	return {
		adapter,
		outputs: outputs.map((pair) => ({
			...pair,
			timesFaster:
				pair.oursMs === null || pair.onnxruntimeMs === null
					? null
					: pair.onnxruntimeMs / pair.oursMs,
			wanted: 1,
		})),
		rowStatistics: {
			...statistics,
			timesFaster: statistics.materialisedMs / statistics.oursMs,
			wanted: 5,
			memoryShare: statistics.oursBytes / statistics.materialisedBytes,
			memoryWanted: 1 / 20,
		},
		growth: growth.map((each) => ({ ...each, times: each.twiceMs / each.onceMs })),
	};
}

await main();
