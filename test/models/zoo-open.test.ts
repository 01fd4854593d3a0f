import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { AttentionSite } from '../../extension/protocol/model.ts';
import { openSite } from '../../webview/runtime/site-operators.ts';
import { attentionTaps, canOpen } from '../../webview/view-api/attention-taps.ts';
import { tensorOf } from '../views/hand-made-run.ts';
import { runAndRead, type RunTensor } from './zoo-run.ts';

vi.setConfig({ testTimeout: 60_000 });

/** ‖M·V − O‖ / ‖O‖ of every site, opened as the product opens it; WASM measures up to 8.7e-7 (large scores), else 1.4e-7. */
const TOLERANCE = 1e-6;

const folder = new URL('./zoo/', import.meta.url);
const load = async (name: string) => indexModel(bytesSource(readFileSync(new URL(name, folder))));

/** Notes that say in words why the plain equation does not hold. */
const excused =
	/joined to those|pass(es)? through|mixed|quantised|runs over queries|function or subgraph|rounded|acts on the sum/;
/** Of those read as the graph has them, where the operator rounds its result. */
const rounded = /half a step/;

/** Graphs that only other runtimes run, or that have their tensors where no probe reaches; each says so in its notes. */
const elsewhere =
	/^(trained-forth-and-back|optimised-products|scores-in-half-precision.*|.*-search|sampling)\.onnx$/;

/** A query that sees no key at all is not opened as the model has it: these see some. */
const given: Readonly<Record<string, Record<string, readonly number[]>>> = {
	'glimpse-of-a-pointer-network.onnx': { visited: [0, 1, 0, 0] },
};

/** Sites with softmax inside; memories and fused operators have tests of their own. */
const provable = (site: AttentionSite) =>
	canOpen(site) &&
	site.kind === 'decomposed' &&
	(site.form === 'softmax' || site.operator === 'softmax') &&
	!site.notes.some((note) => (site.tensors['mixing'] ? rounded : excused).test(note)) &&
	['q', 'k', 'v', 'output'].every((role) => site.tensors[role]?.axes);

const cases = (
	await Promise.all(
		readdirSync(folder)
			.filter((name) => name.endsWith('.onnx') && !elsewhere.test(name))
			.map(async (name) => ({ name, sites: findSites(await load(name)).filter(provable) })),
	)
).filter(({ sites }) => sites.length > 0);

/** Reads tensors of a run as a view does. */
const readerOf = (read: ReadonlyMap<string, RunTensor>) => (wanted: string) => {
	const found = read.get(wanted);
	if (!found) return Promise.reject(new Error(`${wanted} was not handed out`));
	const { dtype, dims, data } = found;
	return Promise.resolve({ ...tensorOf(wanted, dims, data), dtype });
};

describe('softmax attention of the zoo is opened and proved', () => {
	it('in at least 110 graphs', () => {
		expect(cases.length).toBeGreaterThanOrEqual(110);
	});

	it.each(cases)('$name', async ({ name, sites }) => {
		const index = await load(name);
		const taps = sites.flatMap(attentionTaps);
		const read = await runAndRead(new URL(name, folder), index, taps, given[name]);
		for (const site of sites) {
			const context = { device: undefined, tensor: readerOf(read) };
			const { results, output } = await openSite(context, site);
			expect((await results.residual(output)).overall, site.id).toBeLessThan(TOLERANCE);
		}
	});
});

describe('a product of whole numbers is proved to half a step of what rounds it', () => {
	it.each(['quantised-products', 'quantised-operators'])('%s', async (name) => {
		const index = await load(`${name}.onnx`);
		const sites = findSites(index);
		const [site] = sites as [AttentionSite];
		const node = index.graph.nodes.findLast(({ opType }) => opType === 'QLinearMatMul')!;
		const taps = [...attentionTaps(site), node.inputs[6]!];
		const read = await runAndRead(new URL(`${name}.onnx`, folder), index, taps);
		const step = read.get(node.inputs[6]!)!.data[0]!;
		expect(site.notes.join()).toMatch(rounded);
		const { results, output } = await openSite({ device: undefined, tensor: readerOf(read) }, site);
		const ours = await results.output();
		const theirs = read.get(site.tensors['output']!.name)!.data;
		expect(output.strides).toEqual([80, 20, 4, 1]);
		// float32 leaves a thousandth of a step
		theirs.forEach((value, i) => expect(Math.abs(value - ours[i]!)).toBeLessThan(0.501 * step));
	});
});
