import type { AttentionSite } from '../protocol/model.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding } from './form.ts';
import { pathOf } from './naming.ts';
import { originsOf, usesOf } from './onward.ts';

/** A finding with the graph it stands in. */
export interface Placed {
	readonly finding: Finding;
	readonly facts: Facts;
	/** The node of the graph around whose subgraph holds it. */
	readonly at?: FlatNode | undefined;
}

const INSIDE = 'its tensors stand inside a function or subgraph and cannot be read from outside';

/** Counts, names and numbers the findings, which are given in graph order. */
export function nameSites(placed: readonly Placed[]): AttentionSite[] {
	const taken = new Map<string, number>();
	const layers = layersOf(placed);
	return placed.map(({ finding, facts }, at) => {
		const { site, node } = finding;
		const path = pathOf(node) || (node.name.includes('/') ? '' : pathNearBy(finding, facts));
		const base = path || `layer-${layers[at]!}`;
		const times = taken.get(base) ?? 0;
		taken.set(base, times + 1);
		return {
			...site,
			epsilon: site.epsilon ?? null,
			derived: site.derived ?? null,
			id: times === 0 ? base : `${base}#${times + 1}`,
			layer: layers[at]!,
			path,
			node: node.index,
			nodeName: node.name,
			notes: isInside(finding, facts) ? [...site.notes, INSIDE] : site.notes,
		};
	});
}

/** Names of inlined functions' values are `<call>~<count>/<value>`. */
function isInside({ site }: Finding, { scope }: Facts): boolean {
	if (scope.owner !== null) return true;
	return Object.values(site.tensors).some(
		(tensor) => tensor !== null && /~\d+\//.test(tensor.name),
	);
}

/** Nodes made late by an exporter have no scope: the path of what they are fed from. */
function pathNearBy({ site }: Finding, { scope }: Facts): string {
	for (const role of ['q', 'k', 'v', 'output']) {
		const producer = scope.producerOf(site.tensors[role]?.name ?? '');
		const path = producer ? pathOf(producer) : '';
		if (path !== '') return path;
	}
	return '';
}

/** Sites that are parts of one layer share its number: heads computed apart, two memories under a gate, a convolution before. */
function layersOf(placed: readonly Placed[]): number[] {
	const layers: number[] = [];
	let next = 0;
	placed.forEach((current, at) => {
		const before = placed[at - 1];
		const joined = before && isOneLayer(before, current);
		layers.push(joined ? layers[at - 1]! : next++);
	});
	return layers;
}

function isOneLayer(before: Placed, current: Placed): boolean {
	if (before.facts !== current.facts) return false;
	const [a, b] = [before.finding.site, current.finding.site];
	if (a.form === 'hybrid' && b.form === 'hybrid')
		return a.tensors['router']?.name === b.tensors['router']?.name;
	const output = a.tensors['output']?.name ?? '';
	if (a.operator !== null && a.form === 'convolution') return feeds(output, current);
	if (a.heads !== 1 || b.heads !== 1) return false;
	const joins = ({ finding, facts }: Placed) =>
		usesOf(finding.site.tensors['output']?.name ?? '', facts, 1)
			.map(({ node }) => node)
			.filter(({ opType }) => opType === 'Concat');
	const joint = new Set(joins(before));
	return joins(current).some((node) => joint.has(node));
}

function feeds(output: string, { finding, facts }: Placed): boolean {
	const roles = ['q', 'k', 'v'].map((role) => finding.site.tensors[role]?.name ?? '');
	return roles.some((name) => originsOf(name, facts, 40).has(output));
}
