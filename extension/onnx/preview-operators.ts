import type { MessageInitShape } from '@bufbuild/protobuf';
import type { NodeProtoSchema } from 'onnx-buf';
import type { ProbePlan } from '../protocol/messages.ts';
import type { ByteRange, Graph, GraphNode, ModelIndex } from './model-index.ts';
import { writtenNode } from './write-node.ts';

/** Operators of ai.onnx 27 that onnxruntime has under the same name and attributes in its own domain. */
const MOVED = new Set(['LinearAttention', 'CausalConvWithState']);
const RUNTIME_DOMAIN = 'com.microsoft';
const PREVIEW_OPSET = 27;

/** Tags of length-delimited fields whose numbers onnx.proto keeps free: a reader passes over what stands behind them. */
const UNKNOWN_IN_GRAPH = 3 * 8 + 2;
const UNKNOWN_IN_MODEL = 9 * 8 + 2;

export interface Move {
	readonly edits: ProbePlan['edits'];
	readonly nodes: MessageInitShape<typeof NodeProtoSchema>[];
	readonly opsets: { domain: string; version: bigint }[];
	readonly refused: ProbePlan['refused'];
}

/**
 * Moves the opset 27 operators that the runtime refuses in ai.onnx to the domain where it has them, and stamps the model with
 * opset 26, whose other operators are the same: the runtime refuses the number.
 *
 * A node cannot grow in place. So the tag of the old one is turned, by one byte, into that of a field that readers pass
 * over, and the new one is appended: the runtime sorts the main graph itself. The same is done to the operator set.
 * @param renamed tensors that an override gave another name where they are made
 */
export function movePreviewOperators(
	{ graph, opsets, functions }: ModelIndex,
	renamed: ReadonlyMap<string, string>,
): Move {
	const move: Move = { edits: [], nodes: [], opsets: [], refused: [] };
	const opset = opsets.find(({ domain }) => domain === '');
	if (opset?.version !== PREVIEW_OPSET) return move;
	const inside = [...functions, ...graph.nodes.flatMap(bodies)].flatMap(allNodes);
	for (const node of inside.filter(isMoved)) refuse(move, node, 'stands inside a body or function');
	if (move.refused.length > 0 && !graph.nodes.some(isMoved)) return move;
	const outside = graph.nodes.filter(isMoved);
	for (const node of outside) {
		const written = writtenNode(node);
		if (!written || !node.field) refuse(move, node, 'could not be written anew');
		else {
			move.edits.push(hide(node.field, UNKNOWN_IN_GRAPH));
			const output = node.outputs.map((name) => renamed.get(name) ?? name);
			move.nodes.push({ ...written, output, domain: RUNTIME_DOMAIN });
		}
	}
	if (opset.field) move.edits.push(hide(opset.field, UNKNOWN_IN_MODEL));
	move.opsets.push({ domain: '', version: BigInt(PREVIEW_OPSET - 1) });
	if (outside.length > 0 && !opsets.some(({ domain }) => domain === RUNTIME_DOMAIN)) {
		move.opsets.push({ domain: RUNTIME_DOMAIN, version: 1n });
	}
	return move;
}

function isMoved({ domain, opType }: GraphNode): boolean {
	return domain === '' && MOVED.has(opType);
}

function refuse({ refused }: Move, { opType, name, outputs }: GraphNode, why: string): void {
	const node = `${opType} ${JSON.stringify(name)}`;
	const reason = `${node} of opset ${PREVIEW_OPSET} ${why}, so it cannot be moved to ${RUNTIME_DOMAIN}, the only domain where the runtime has it.`;
	refused.push({ tensor: outputs[0] ?? name, reason });
}

function hide({ offset }: ByteRange, tag: number): ProbePlan['edits'][number] {
	return { offset, bytes: Uint8Array.of(tag) };
}

function bodies({ attributes }: GraphNode): Graph[] {
	return [...attributes.values()].flatMap((held) =>
		held.kind === 'graph' ? [held.value] : held.kind === 'graphs' ? [...held.value] : [],
	);
}

function allNodes({ nodes }: { readonly nodes: readonly GraphNode[] }): GraphNode[] {
	return nodes.flatMap((node) => [node, ...bodies(node).flatMap(allNodes)]);
}
