import type { Placement } from '../view-api/view.ts';
import type { ModelBytes } from './model-bytes.ts';
import { ModelSession, type SessionPlan, type Surroundings } from './model-session.ts';
import { RunError } from './run-error.ts';

/**
 * Makes a session only to hear where the runtime places its nodes.
 * @throws RunError `session` where the runtime does not say
 */
export async function hearPlacement(
	surroundings: Surroundings,
	bytes: ModelBytes,
	plan: SessionPlan,
): Promise<Placement> {
	const { log } = surroundings;
	if (!log) throw new RunError('session', 'Here nothing is heard of where nodes are placed.');
	const lines = await log.hear(async () => {
		const session = await ModelSession.create({ ...surroundings, verbose: true }, bytes, plan, 'webgpu'); // prettier-ignore
		await session.dispose();
	});
	const placement = readPlacement(lines);
	if (placement.nodes.length === 0)
		throw new RunError('session', 'The runtime did not say where it places nodes.');
	return placement;
}

const HEADING = /nodes? placed on \[(\w+?)(?:ExecutionProvider)?\]|Node\(s\) placed on \[(\w+?)(?:ExecutionProvider)?\]/i; // prettier-ignore
const COUNT = /Number of nodes: (\d+)/;
const NODE = /(?:^|\]\s+)(\w+) \(([^()]*)\)\s*$/;

/** Reads onnxruntime's list of placements; where all nodes are in one place it names none of them. */
export function readPlacement(lines: readonly string[]): Placement {
	const nodes: Placement['nodes'][number][] = [];
	let processor = '';
	for (const line of lines) {
		const heading = HEADING.exec(line);
		if (heading) {
			processor = processorOf(heading[1] ?? heading[2] ?? '');
			const count = Number(COUNT.exec(line)?.[1] ?? 0);
			if (/all nodes/i.test(line))
				nodes.push(...Array.from({ length: count }, () => ({ processor, op: '', name: '' })));
			continue;
		}
		const node = processor === '' ? null : NODE.exec(line);
		if (node) nodes.push({ processor, op: node[1]!, name: node[2]! });
		else processor = '';
	}
	return { nodes };
}

const processorOf = (provider: string): string =>
	/webgpu|js/i.test(provider) ? 'WebGPU' : /cpu/i.test(provider) ? 'CPU' : provider;
