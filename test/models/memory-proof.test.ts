import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { AttentionSite } from '../../extension/protocol/model.ts';
import { openSite } from '../../webview/runtime/site-operators.ts';
import { attentionTaps } from '../../webview/view-api/attention-taps.ts';
import type { NamedTensor } from '../../webview/view-api/named-tensor.ts';
import { runAndRead, type Read } from './zoo-run.ts';

vi.setConfig({ testTimeout: 60_000 });

/** `‖M·V − O‖ / ‖O‖`, what a state from before adds counted in; WASM measures up to 2e-7. */
const TOLERANCE = 1e-6;

const folder = new URL('./zoo/', import.meta.url);
const load = async (name: string) => indexModel(bytesSource(readFileSync(new URL(name, folder))));

/** Notes that say in words why the plain equation does not hold. */
const excused =
	/function or subgraph|asked with another|extra share|passes through (?!Exp)|is multiplied by|are multiplied by the tensor|divided by the tensor|has a floor|told by no tensor/;

const provable = ({ form, cross, tensors, notes }: AttentionSite) =>
	!cross &&
	['linear', 'gated', 'delta', 'gated-delta'].includes(form) &&
	!notes.some((note) => excused.test(note)) &&
	['q', 'k', 'v', 'output'].every((role) => tensors[role]?.axes);

const cases = (
	await Promise.all(
		readdirSync(folder)
			.filter((name) => name.endsWith('.onnx'))
			.map(async (name) => ({ name, sites: findSites(await load(name)).filter(provable) })),
	)
).filter(({ sites }) => sites.length > 0);

describe('the roles of a memory', () => {
	it('are complete in at least 60 graphs of the zoo', () => {
		expect(cases.length).toBeGreaterThanOrEqual(60);
	});

	it.each(cases)('are true in $name', async ({ name, sites }) => {
		const read = await runAndRead(
			new URL(name, folder),
			await load(name),
			sites.flatMap(attentionTaps),
		);
		for (const site of sites) {
			const context = {
				device: undefined,
				tensor: (wanted: string) => Promise.resolve(asNamed(wanted, read)),
			};
			const { results, output } = await openSite(context, site);
			expect((await results.residual(output)).overall).toBeLessThan(TOLERANCE);
		}
	});
});

function asNamed(name: string, read: ReadonlyMap<string, Read>): NamedTensor {
	const found = read.get(name);
	if (!found) throw new Error(`${name} was not handed out`);
	return {
		name,
		dtype: 'float32',
		shape: found.dims,
		buffer: undefined,
		read: () => Promise.resolve(Float32Array.from(found.data)),
	};
}
