import type { Size } from '../../view-api/scene.ts';
import type { TensorsData } from './compute.ts';
import type { Known } from './detail.ts';
import { factRows, heading, joined, type Fact, type Part } from './part.ts';
import { answerTo } from './queries.ts';

/** How many nodes ran where, by operator, and which types the activations have. */
export function placementPart(data: TensorsData, size: Size, known: Known): Part {
	const placement = answerTo('placement', { kind: 'placement' }, known);
	const types = factRows(
		countsOf(data.tensors.map(({ dtype }) => dtype || 'unknown')).map(([dtype, count]): Fact => [dtype, String(count)]), // prettier-ignore
		size,
	);
	const processors = countsOf((placement?.nodes ?? []).map(({ processor }) => processor));
	return joined([
		...processors.flatMap(([processor, count]) => {
			const ops = (placement?.nodes ?? [])
				.filter((node) => node.processor === processor && node.op !== '')
				.map(({ op }) => op);
			const facts = countsOf(ops).map(([op, times]): Fact => [op, String(times)]);
			const title = `${processor}: ${count.toLocaleString('en-US')} nodes after fusion`;
			return [heading(title, size), factRows(facts, size), space(size)];
		}),
		heading('Element types of the activations (tensors)', size),
		types,
	]);
}

const space = ({ lineHeight }: Size): Part => ({ marks: [], targets: [], height: lineHeight });

/** Words with how often each comes, the most frequent first. */
export function countsOf(words: readonly string[]): [word: string, count: number][] {
	const counts = new Map<string, number>();
	for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
	return [...counts].sort((a, b) => b[1] - a[1]);
}
