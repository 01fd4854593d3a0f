import { expect, it } from 'vitest';
import { LogTap } from './log-tap.ts';
import { readPlacement } from './placement.ts';

/** As onnxruntime 1.30 writes them, time and file in front of each. */
const line = (text: string) =>
	`2026-11-22 05:32:28.8 [V:onnxruntime:, session_state.cc:1380 VerifyEachNodeIsAssignedToAnEp] ${text}`;

it('reads where nodes are placed, each with operator and name', () => {
	const lines = [
		line('Node placements'),
		line(' Node(s) placed on [WebGpuExecutionProvider]. Number of nodes: 2'),
		line('  MatMul (/layers.0/MatMul)'),
		line('  Softmax ()'),
		line(' Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1'),
		line('  Gather (/Gather_1)'),
		line('SaveMLValueNameIndexMapping'),
		line('  Cast (not one of the list)'),
	];
	expect(readPlacement(lines).nodes).toEqual([
		{ processor: 'WebGPU', op: 'MatMul', name: '/layers.0/MatMul' },
		{ processor: 'WebGPU', op: 'Softmax', name: '' },
		{ processor: 'CPU', op: 'Gather', name: '/Gather_1' },
	]);
});

it('counts the nodes where all are in one place, which are not named', () => {
	const all = line(' All nodes placed on [CPUExecutionProvider]. Number of nodes: 91');
	const { nodes } = readPlacement([all, line('SaveMLValueNameIndexMapping')]);
	expect(nodes).toHaveLength(91);
	expect(nodes[0]).toEqual({ processor: 'CPU', op: '', name: '' });
});

it('hears what is written while it listens, and lets everything else through', async () => {
	const written: unknown[] = [];
	const write = (...words: unknown[]) => void written.push(...words);
	const console = { error: write, log: write, warn: write };
	const tap = new LogTap(console);
	// the runtime keeps the functions that it finds
	const { error } = console;
	error('before');
	const heard = await tap.hear(() => {
		error('first\nsecond');
		return Promise.resolve();
	});
	error('after');
	expect(heard).toEqual(['first', 'second']);
	expect(written).toEqual(['before', 'after']);
});
