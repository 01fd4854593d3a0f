import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { findSites } from './find-sites.ts';
import { findStream } from './token-stream.ts';

const root = new URL('../../', import.meta.url);

async function streamOf(path: string) {
	const index = await indexModel(bytesSource(readFileSync(new URL(path, root))));
	const sites = findSites(index);
	return { sites, stream: findStream(index, sites) };
}

describe('the stream of tokens', () => {
	it.each(['momentum-yuriiformer', 'momentum-sympformer'])(
		'is what PyTorch calls position and velocity: %s',
		async (name) => {
			const { sites, stream } = await streamOf(`samples/${name}/model.onnx`);
			const metrics = JSON.parse(
				readFileSync(new URL(`samples/${name}/metrics.json`, root), 'utf8'),
			) as { tensors: Record<string, Record<string, string>> };
			const named = metrics.tensors['model.onnx']!;
			expect(stream!.steps).toHaveLength(8);
			expect(stream!.steps[0]!.momentum!.velocityIn).toBe(named['start.velocity']);
			for (let layer = 0; layer < 4; layer++) {
				const [attention, forward] = stream!.steps.slice(2 * layer, 2 * layer + 2);
				expect(attention!.site).toBe(sites[layer]!.id);
				expect(forward!.site).toBeNull();
				expect(forward!.position).toBe(named[`layers.${layer}.position`]);
				expect(forward!.momentum!.velocity).toBe(named[`layers.${layer}.velocity`]);
				expect(forward!.momentum!.velocityIn).toBe(attention!.momentum!.velocity);
			}
			// each step takes over what the one before it hands on
			stream!.steps.slice(1).forEach(({ before, momentum }, at) => {
				expect(before).toBe(stream!.steps[at]!.position);
				expect(momentum!.velocityIn).toBe(stream!.steps[at]!.momentum!.velocity);
			});
		},
	);

	it('has the learned scalars by what they do, with their values', async () => {
		const { stream } = await streamOf('samples/momentum-yuriiformer/model.onnx');
		for (const { momentum } of stream!.steps) {
			expect(momentum!.scalars.map(({ role }) => role).sort()).toEqual(['keep', 'look', 'push']);
			for (const { role, value } of momentum!.scalars) {
				expect(value).toBeGreaterThan(0);
				if (role !== 'push') expect(value).toBeLessThan(1);
			}
			expect(momentum!.mass).toBeNull();
		}
		const symp = (await streamOf('samples/momentum-sympformer/model.onnx')).stream!.steps[0]!;
		expect(symp.momentum!.force).toBe('/layers.0/mixer/out_proj/Add_output_0');
		expect(symp.momentum!.mass).toBe('/layers.0/mixer/ReduceSum_1_output_0');
		expect(symp.momentum!.moved).toBe('/layers.0/mixer/mobility/MatMul_output_0');
		const damping = symp.momentum!.scalars.find(({ role }) => role === 'damping')!;
		const from = Object.fromEntries(damping.from.map(({ name, value }) => [name.replace(/.*\./, ''), value])); // prettier-ignore
		// σ = exp(−(c_log ln(1 + h/t) + c_lin h)) at depth t = 1, with h the softplus of raw_h_y
		const h = Math.log1p(Math.exp(from['raw_h_y']!));
		const eta = from['c_log']! * Math.log(1 + h) + from['c_lin']! * h;
		expect(damping.value).toBeCloseTo(Math.exp(-eta), 12);
	});

	it('has positions without velocity in a transformer that has none', async () => {
		const { stream, sites } = await streamOf('samples/momentum-standard/model.onnx');
		expect(stream!.start).toBe('/Add_output_0');
		expect(stream!.steps.map(({ site }) => site)).toEqual(sites.flatMap(({ id }) => [id, null]));
		expect(stream!.steps.every(({ momentum }) => momentum === null)).toBe(true);
	});

	it.each(['gpt2-old-mask', 'llama', 'bert', 'gemma-soft-cap-and-window', 'bloom-alibi'])(
		'goes through every layer of models of the zoo, none of which has a velocity: %s',
		async (name) => {
			const { stream, sites } = await streamOf(`test/models/zoo/${name}.onnx`);
			expect(stream!.steps.flatMap(({ site }) => site ?? [])).toEqual(sites.map(({ id }) => id));
			expect(stream!.steps.every(({ momentum }) => momentum === null)).toBe(true);
		},
	);

	it('has no velocity where results of two scales are added to each other', async () => {
		const { stream, sites } = await streamOf('test/models/zoo/two-scales-side-by-side.onnx');
		expect(sites.map(({ form }) => form)).toEqual(['linear', 'linear', 'linear', 'linear']);
		expect(stream!.steps.length).toBeGreaterThan(0);
		expect(stream!.steps.every(({ momentum }) => momentum === null)).toBe(true);
	});

	it('is found where norms are written out, and where there is none, is not', async () => {
		const { stream, sites } = await streamOf('test/models/zoo/momentum.onnx');
		expect(stream!.steps.filter(({ momentum }) => momentum !== null).length).toBeGreaterThanOrEqual(
			sites.length,
		);
		expect((await streamOf('test/models/zoo/no-classifier.onnx')).stream).toBeNull();
	});
});
