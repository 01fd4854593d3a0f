import { join, resolve } from 'node:path';
import { contextOfSample } from '../models/sample-context.ts';
import { measureInBrowser } from './harness/in-browser.ts';
import { measureRecall, type RecallSpeed } from './harness/measure-recall.ts';

declare global {
	/** Of `recall-page.ts`. */
	function askRecall(): Promise<RecallSpeed & { adapter: string }>;
}

/** The recall sample of the fewest parameters, 67,008. */
const SMALLEST = 'mqar-baseconv';

/** Measures how fast a model is asked, on WASM in Node and on whatever adapter a browser has, and prints it as JSON. */
async function main(): Promise<void> {
	const folder = join(resolve('samples'), SMALLEST);
	const wasm = await measureRecall(await contextOfSample(folder));
	const page = { script: 'recall-page', ready: 'askRecall', timeoutMs: 600_000 };
	const model = { '/model.onnx': join('samples', SMALLEST, 'model.onnx') };
	const webgpu = await measureInBrowser(page, model, (opened) =>
		opened.evaluate(() => askRecall(), undefined),
	);
	console.log(JSON.stringify({ sample: SMALLEST, wasm, webgpu }));
}

await main();
