import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { openSite } from '../../webview/runtime/site-operators.ts';
import { attentionTaps } from '../../webview/view-api/attention-taps.ts';
import { tensorOf } from '../views/hand-made-run.ts';
import { runAndRead } from './zoo-run.ts';

vi.setConfig({ testTimeout: 60_000 });

/** ‖M·V − O‖ / ‖O‖ of every site; WASM measures up to 9e-8 in the first of each model. */
const TOLERANCE = 1e-6;

const folder = new URL('./zoo/', import.meta.url);

describe('what a site adds to its scores counts in its matrix', () => {
	it.each([
		['bloom-alibi', 'slopes beside a causal mask'],
		['gemma-soft-cap-and-window', 'a soft cap and a sliding window'],
		['gpt2-old-mask', 'a causal mask that fills, and padding'],
		['llama', 'shared key heads and a mask of padding and causality'],
		['retention-with-decay', 'a table of decays that multiplies'],
		['roberta', 'padding'],
		['t5', 'learned position biases inside the causal mask'],
	])('%s: %s', async (name) => {
		const file = new URL(`${name}.onnx`, folder);
		const index = await indexModel(bytesSource(readFileSync(file)));
		const sites = findSites(index);
		const read = await runAndRead(file, index, sites.flatMap(attentionTaps));
		expect(sites.length).toBeGreaterThan(0);
		for (const site of sites) {
			const tensor = (wanted: string) => {
				const found = read.get(wanted);
				if (!found) return Promise.reject(new Error(`${wanted} was not handed out`));
				return Promise.resolve(tensorOf(wanted, found.dims, found.data));
			};
			const { results, output } = await openSite({ device: undefined, tensor }, site);
			expect((await results.residual(output)).overall, site.id).toBeLessThan(TOLERANCE);
		}
	});
});
