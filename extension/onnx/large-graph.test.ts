import { describe, expect, it } from 'vitest';
import { model, node, value } from '../../test/models/build-model.ts';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';
import { planProbes } from './probes.ts';

const NODES = 100_000;
/** Of this process, in seconds: what a machine that is busy with other things cannot change. */
const LIMIT_CPU_SECONDS = 2;

describe('a graph of 100,000 nodes', () => {
	it(`is read and probed in under ${LIMIT_CPU_SECONDS} s`, { timeout: 60_000 }, async () => {
		const name = (i: number) => `/layers.${i}/attn/MatMul_output_0`;
		const nodes = Array.from({ length: NODES }, (_, i) =>
			node('MatMul', [name(i), 'w'], [name(i + 1)], { perm: [0, 2, 1], axis: -1 }),
		);
		const bytes = model({ input: [value(name(0))], node: nodes });
		const before = process.cpuUsage();
		const index = await indexModel(bytesSource(bytes));
		const plan = planProbes(index, {
			taps: [name(7)],
			overrides: [{ tensor: name(NODES), dtype: 'float32' }],
		});
		const { user, system } = process.cpuUsage(before);
		expect(index.graph.nodes).toHaveLength(NODES);
		expect([plan.outputs.length, plan.edits.length]).toEqual([2, 1]);
		expect((user + system) / 1e6).toBeLessThan(LIMIT_CPU_SECONDS);
	});
});

describe('a graph that cannot be computed', () => {
	it('with a cycle, missing producers and doubled names is read as it is', async () => {
		const bytes = model({
			node: [
				node('Add', ['b', 'nowhere'], ['a']),
				node('Neg', ['a'], ['b']),
				node('Neg', ['a'], ['b']),
				node('Neg', ['self'], ['self']),
			],
			output: [value('b'), value('absent')],
		});
		const index = await indexModel(bytesSource(bytes));
		expect(index.graph.nodes).toHaveLength(4);
		const plan = planProbes(index, {
			taps: ['a', 'b', 'self', 'nowhere', 'absent'],
			overrides: [],
		});
		expect(plan.outputs.map(({ tensor }) => tensor)).toEqual(['a', 'self']);
		expect(plan.refused.map(({ tensor }) => tensor)).toEqual(['b', 'nowhere', 'absent']);
	});
});
