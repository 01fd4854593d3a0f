import { measureInBrowser } from './harness/in-browser.ts';
import type { KernelMeasurements, OutputPair } from './kernels-page.ts';

declare global {
	/** Of `kernels-page.ts`. */
	function measureKernels(lengths: readonly number[]): Promise<KernelMeasurements>;
}

const lengths = (process.env.ATTNSCOPE_BENCH_TOKENS ?? '256,1024,4096').split(',').map(Number);

/** Measures the kernels against onnxruntime-web's operators on one device, and prints it as JSON. */
async function main(): Promise<void> {
	const page = { script: 'kernels-page', ready: 'measureKernels', timeoutMs: 1_800_000 };
	const measured = await measureInBrowser(page, {}, (opened) =>
		opened.evaluate((tokens) => measureKernels(tokens), lengths),
	);
	console.log(JSON.stringify(report(measured)));
}

function report({ adapter, outputs, statistics, growth }: KernelMeasurements) {
	return {
		adapter,
		outputs: outputs.map((pair) => ({ ...pair, ...verdictOf(pair), wanted: 1 })),
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

function verdictOf({ against, difference, oursMs, onnxruntimeMs }: OutputPair): {
	timesFaster: number | null;
	reason: string;
} {
	if (oursMs === null || onnxruntimeMs === null) {
		const reason = `${against} gives another result on this adapter (${difference.toPrecision(2)} apart), so that its time means nothing`;
		return { timesFaster: null, reason };
	}
	return { timesFaster: onnxruntimeMs / oursMs, reason: '' };
}

await main();
