import { measureInBrowser } from './harness/in-browser.ts';
import type { SessionMeasurements } from './session-page.ts';

declare global {
	/** Of `session-page.ts`. */
	function measure(tokens: number): Promise<SessionMeasurements>;
}

const tokens = 512;
const model = 'samples/mqar-softmax/model.onnx';

/** Measures what sessions cost in a browser, on whatever adapter it has, and prints it as JSON. */
async function main(): Promise<void> {
	const page = { script: 'session-page', ready: 'measure', timeoutMs: 600_000 };
	const { adapter, create, run } = await measureInBrowser(
		page,
		{ '/model.onnx': model },
		(opened) => opened.evaluate((length) => measure(length), tokens),
	);
	console.log(
		JSON.stringify({
			model,
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
}

await main();
