import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { RunAgain, ViewContext } from '../../view-api/view.ts';
import {
	contextOf,
	modelWith,
	pointingHead,
	site,
	tensorOf,
} from '../../../test/views/hand-made-run.ts';
import { attention } from './attention.ts';
import type { AttentionData } from './compute.ts';
import { LARGEST_ASKED, MOST_PROBABILITIES } from './own-probabilities.ts';

const T = 12;
const head = pointingHead(T, (t) => Math.max(0, t - 1), 8);
const fused = {
	...site,
	kind: 'fused' as const,
	tensors: { ...site.tensors, weights: { name: 'p', axes: 'BHTS' } },
};

function asking(context: ViewContext, probabilities: Float64Array) {
	const log: string[] = [];
	const again = ({ taps }: RunAgain) => {
		log.push(...taps);
		return Promise.resolve({
			tensor: () => Promise.resolve(tensorOf('p', [1, 1, T, T], probabilities)),
			attention: (each: AttentionSite) => context.attention(each),
			release: () => log.push('released'),
		});
	};
	return { context: { ...context, again }, log };
}

const computed = async (context: ViewContext) =>
	(await attention.compute(context)) as AttentionData;

describe('an operator that can be asked for its own probabilities', () => {
	it('is asked, and what it says stands beside the proof', async () => {
		const { context, log } = asking(contextOf(modelWith(fused), head.tensors), head.weights);
		const [picture] = (await computed(context)).sites;
		// float32 against float64 measures 2e-8
		expect(picture?.proof.probabilities).toBeLessThan(1e-6);
		expect(log).toEqual(['p', 'released']);
	});

	it('is heard where it disagrees', async () => {
		const other = head.weights.map((weight) => weight / 2);
		const { context } = asking(contextOf(modelWith(fused), head.tensors), other);
		const [picture] = (await computed(context)).sites;
		expect(picture?.proof.probabilities).toBeCloseTo(1, 5);
		expect(picture?.proof.verified).toBe(true);
	});

	it('is not asked where the model is too large to be run twice', async () => {
		const model = { ...modelWith(fused), bytes: LARGEST_ASKED + 1 };
		const { context, log } = asking(contextOf(model, head.tensors), head.weights);
		expect((await computed(context)).sites[0]?.proof.probabilities).toBeNull();
		expect(log).toEqual([]);
	});

	it('is not asked where the graph itself has the probabilities, nor where there are none', async () => {
		for (const other of [site, { ...fused, kind: 'decomposed' as const }]) {
			const { context, log } = asking(contextOf(modelWith(other), head.tensors), head.weights);
			await computed(context);
			expect(log).toEqual([]);
		}
	});

	it('has limits that its page states', () => {
		const page = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
		expect(page).toContain(`${MOST_PROBABILITIES / 2 ** 20} million`);
		expect(page).toContain(`${LARGEST_ASKED / 2 ** 20} MB`);
	});
});
