import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { linkSites } from '../../extension/source/link-sites.ts';

const zoo = new URL('zoo/', import.meta.url);
const made = new URL('make/', zoo);
/** All code that made the zoo: some forty models that share class names, attributes and the ways to put them together. */
const files = readdirSync(made)
	.filter((name) => name.endsWith('.py'))
	.map((name) => ({ uri: name, text: readFileSync(new URL(name, made), 'utf8') }));

async function linksOf(graph: string) {
	const index = await indexModel(bytesSource(readFileSync(new URL(`${graph}.onnx`, zoo))));
	const sites = findSites(index);
	const links = linkSites(index, sites, files);
	return links.map(({ file, line, target, confidence }) => {
		const { text } = files.find(({ uri }) => uri === file)!;
		return { file, target, confidence, text: text.split('\n')[line - 1]!.trim() };
	});
}

describe('decoders of the zoo, by names of nodes alone', () => {
	it.each([
		['gpt2-without-past', 'class Gpt2', 'F.softmax(scores, dim=-1), v)'],
		['gpt2-with-past', 'class Gpt2', 'F.softmax(scores, dim=-1), v)'],
		['gpt2-old-mask', 'class Gpt2', 'F.softmax(scores, dim=-1), v)'],
		['megatron', 'class Attention', 'F.softmax(scores, dim=-1).view(b * self.heads, t, t)'],
		['llama', 'class Grouped', 'F.softmax(scores, dim=-1, dtype=torch.float32)'],
		['llama-with-past', 'class Grouped', 'F.softmax(scores, dim=-1, dtype=torch.float32)'],
		['qwen-of-many-heads', 'class Grouped', 'F.softmax(scores, dim=-1, dtype=torch.float32)'],
		[
			'gemma-soft-cap-and-window',
			'class Grouped',
			'F.softmax(scores, dim=-1, dtype=torch.float32)',
		],
		['heads-one-by-one', 'class Head(', 'F.softmax(scores, dim=-1) @ self.value(x)'],
	])('%s', async (graph, head, mixing) => {
		const links = await linksOf(graph);
		expect(links.length).toBeGreaterThan(0);
		for (const { file, target, text } of links) {
			expect(file).toBe('decoders.py');
			if (target === 'class') expect(text).toContain(head);
			if (target === 'call') expect(text).toContain(mixing);
		}
	});

	// their names are those of another model of the same file too
	it.each(['bloom-alibi', 'multi-query', 'scaled-dot-product-of-torch-2', 'attention-sinks'])(
		'%s, where they fit several classes, is less sure',
		async (graph) => {
			const links = await linksOf(graph);
			expect(links.length).toBeGreaterThan(0);
			for (const { confidence } of links) expect(confidence).toBeLessThanOrEqual(0.6);
		},
	);
});
