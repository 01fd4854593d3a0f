import type { Graph } from '../onnx/model-index.ts';
import { dtypesIn } from './dtypes.ts';
import { isStandard, type FlatNode } from './flat-node.ts';

/** Copies of copies: no exporter writes longer chains, and in a cycle of copies there is no origin. */
const LONGEST_CHAIN = 64;

type DtypeOf = (name: string) => string | null;

const isFloat = (dtype: string) => /^b?float/.test(dtype);
const quantises = ({ opType, domain }: FlatNode) =>
	opType === 'QuantizeLinear' && (domain === '' || domain === 'com.microsoft');
const dequantises = ({ opType, domain }: FlatNode) =>
	opType === 'DequantizeLinear' && (domain === '' || domain === 'com.microsoft');

/**
 * Nodes that read what was copied where they read a copy (a cast of a float to the type it has is one), and the number itself
 * where they read it quantised and turned back; then they say so. Nodes that only copy stay, for what asks for their
 * results by name, but read nothing any more.
 */
export function withoutCopies(
	nodes: readonly FlatNode[],
	graph: Graph,
	around?: DtypeOf,
): readonly FlatNode[] {
	const origins = copiesIn(nodes, graph, around);
	if (origins.size === 0) return nodes;
	const originOf = (name: string) => {
		let current = name;
		let quantised = false;
		let turned = name;
		for (let steps = 0; steps < LONGEST_CHAIN; steps++) {
			const next = origins.get(current);
			if (next === undefined) break;
			quantised ||= next.quantised;
			current = next.name;
			if (!quantised) turned = current;
		}
		return { name: current, quantised, turned };
	};
	const rewired = nodes.map((node) => {
		if (origins.has(node.outputs[0] ?? '')) return { ...node, copies: true };
		if (!node.inputs.some((name) => origins.has(name))) return node;
		const read = node.inputs.map(originOf);
		const quantised = read.flatMap((origin) => (origin.quantised ? [origin.name] : []));
		const turned = read.map((origin) => origin.turned);
		return { ...node, inputs: read.map(({ name }) => name), turned, quantised };
	});
	return withoutIdleQuantisers(rewired);
}

interface Origin {
	readonly name: string;
	readonly quantised: boolean;
}

/** What each copy is a copy of. */
function copiesIn(
	nodes: readonly FlatNode[],
	graph: Graph,
	around?: DtypeOf,
): ReadonlyMap<string, Origin> {
	const origins = new Map<string, Origin>();
	let quantisers: Map<string, FlatNode> | undefined;
	let dtypeOf: ReturnType<typeof dtypesIn> | undefined;
	// what a graph returns is asked for where it stands
	const returned = new Set(graph.outputs.map(({ name }) => name));
	for (const node of nodes) {
		const [from, to] = [node.inputs[0], node.outputs[0]];
		if (!from || !to || from === to) continue;
		const cast = node.opType === 'Cast' || node.opType === 'CastLike';
		if (cast) dtypeOf ??= dtypesIn(graph, nodes, around);
		const dtype = cast ? dtypeOf!(from) : null;
		const idle = dtype !== null && isFloat(dtype) && dtype === dtypeOf!(to) && !returned.has(to);
		if ((node.opType === 'Identity' || idle) && isStandard(node)) {
			origins.set(to, { name: from, quantised: false });
		} else if (dequantises(node)) {
			quantisers ??= new Map(nodes.filter(quantises).map((q) => [q.outputs[0] ?? '', q]));
			const source = quantisers.get(origins.get(from)?.name ?? from)?.inputs[0];
			if (source) origins.set(to, { name: source, quantised: true });
		}
	}
	return origins;
}

/** A quantiser that is only turned back is a part of the copy. */
function withoutIdleQuantisers(nodes: readonly FlatNode[]): readonly FlatNode[] {
	const read = new Set<string>();
	for (const node of nodes) if (!node.copies) for (const name of node.inputs) read.add(name);
	return nodes.map((node) =>
		quantises(node) && !read.has(node.outputs[0] ?? '') ? { ...node, copies: true } : node,
	);
}
