import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ModelProtoSchema, type NodeProtoSchema, type ValueInfoProtoSchema } from 'onnx-buf';
import type { ProbePlan, ProbeRequest } from '../protocol/messages.ts';
import type { DerivedNode } from '../protocol/model.ts';
import { DerivedNodes } from './derived-nodes.ts';
import { dtypeNumber } from './dtypes.ts';
import { freeName } from './free-name.ts';
import type { ByteRange, ModelIndex } from './model-index.ts';
import { movePreviewOperators } from './preview-operators.ts';
import { TensorPlaces, type Place } from './tensor-places.ts';

interface Appended {
	readonly input: MessageInitShape<typeof ValueInfoProtoSchema>[];
	readonly output: MessageInitShape<typeof ValueInfoProtoSchema>[];
	readonly node: MessageInitShape<typeof NodeProtoSchema>[];
}

/** Operators whose results are no tensors, which a run cannot hand out. */
const MAKES_SEQUENCES = new Set([
	'SequenceConstruct',
	'SequenceEmpty',
	'SequenceErase',
	'SequenceInsert',
	'SequenceMap',
	'SplitToSequence',
	'Optional',
]);

const READ_BY_NOTHING =
	'It is computed beside the operator that hides it, which would not read a change of it.';

/**
 * Works out which bytes of a model change so that tensors can be read (`taps`) and replaced (`overrides`).
 *
 * A tap appends the tensor to the graph's outputs. An override renames the tensor where it is made, by one byte, so that
 * its readers find a new graph input of the old name; the model's own value comes out under the new name, and
 * `outputs` says so. Operators that the runtime only knows in another domain are moved there on the way.
 * Nothing is thrown: what cannot be done stands in `refused` with the reason.
 * @param derived nodes that compute what stands nowhere in the graph; those behind a tap are appended with it
 */
export function planProbes(
	index: ModelIndex,
	{ taps, overrides }: ProbeRequest,
	derived: readonly DerivedNode[] = [],
): ProbePlan {
	return new Planner(index, derived).plan(taps, overrides);
}

/** The model with a plan's changes; a copy. */
export function applyPlan(
	bytes: Uint8Array,
	{ edits, suffix }: Pick<ProbePlan, 'edits' | 'suffix'>,
): Uint8Array<ArrayBuffer> {
	const patched = new Uint8Array(bytes.length + suffix.length);
	patched.set(bytes);
	for (const { offset, bytes: written } of edits) patched.set(written, offset);
	patched.set(suffix, bytes.length);
	return patched;
}

class Planner {
	private readonly places: TensorPlaces;
	private readonly derived: DerivedNodes;
	private readonly edits: ProbePlan['edits'] = [];
	private readonly outputs = new Map<string, string>();
	private readonly inputs = new Map<string, string>();
	private readonly refused = new Map<string, string>();
	private readonly renamed = new Map<string, string>();
	private readonly appended: Appended = { input: [], output: [], node: [] };

	constructor(
		private readonly index: ModelIndex,
		derived: readonly DerivedNode[],
	) {
		this.places = new TensorPlaces(index);
		this.derived = new DerivedNodes(derived, this.places);
	}

	plan(taps: ProbeRequest['taps'], overrides: ProbeRequest['overrides']): ProbePlan {
		for (const { tensor, dtype } of overrides) {
			if (this.derived.has(tensor)) this.refused.set(tensor, READ_BY_NOTHING);
			else this.attempt(tensor, (place) => this.override(tensor, dtype, place));
		}
		for (const tensor of taps) {
			if (this.derived.has(tensor)) this.derive(tensor);
			else this.attempt(tensor, () => this.tap(tensor));
		}
		const moved = movePreviewOperators(this.index, this.renamed);
		this.edits.push(...moved.edits);
		for (const { tensor, reason } of moved.refused) this.refused.set(tensor, reason);
		this.appended.node.push(...moved.nodes, ...this.derived.written());
		const suffix = this.suffix([...moved.opsets, ...this.importsBeside(moved.opsets)]);
		return {
			edits: this.edits,
			suffix,
			outputs: Array.from(this.outputs, ([tensor, output]) => ({ tensor, output })),
			inputs: Array.from(this.inputs, ([tensor, input]) => ({ tensor, input })),
			refused: Array.from(this.refused, ([tensor, reason]) => ({ tensor, reason })),
			costBytes: this.edits.reduce((sum, { bytes }) => sum + bytes.length, suffix.length),
		};
	}

	private derive(tensor: string): void {
		const reason = this.derived.choose(tensor) ?? this.tap(tensor);
		if (reason !== null) this.refused.set(tensor, reason);
	}

	private importsBeside(
		others: readonly { domain: string }[],
	): { domain: string; version: bigint }[] {
		const imported = new Set(others.map(({ domain }) => domain));
		return this.derived.imports(this.index).filter(({ domain }) => !imported.has(domain));
	}

	private attempt(tensor: string, act: (place: Place) => string | null): void {
		if (this.refused.has(tensor)) return;
		const place = this.places.find(tensor);
		const reason =
			typeof place === 'string' ? place : (this.unreadable(tensor, place) ?? act(place));
		if (reason !== null) this.refused.set(tensor, reason);
	}

	private unreadable(tensor: string, place: Place): string | null {
		if (tensor.includes('\ufffd')) return 'Its name is not valid UTF-8 in the file.';
		const dtype = this.declaredType(tensor);
		const isTensor = dtype === '' || dtypeNumber(dtype) !== undefined;
		if (isTensor && !(place.kind === 'node' && MAKES_SEQUENCES.has(place.node.opType))) return null;
		return `It is no tensor but ${isTensor ? 'a sequence or an optional value' : dtype}.`;
	}

	private tap(tensor: string): string | null {
		if (this.outputs.has(tensor)) return null;
		const isOutput = this.index.graph.outputs.some(({ name }) => name === tensor);
		if (!isOutput) this.appended.output.push({ name: tensor });
		this.outputs.set(tensor, tensor);
		return null;
	}

	private override(tensor: string, dtype: string, place: Place): string | null {
		if (this.inputs.has(tensor)) return null;
		const elemType = dtypeNumber(dtype);
		if (elemType === undefined) return `${JSON.stringify(dtype)} is no element type.`;
		const declared = this.declaredType(tensor);
		if (declared !== '' && declared !== dtype) {
			return `The model declares it as ${declared}, so ${dtype} cannot take its place.`;
		}
		if (place.kind === 'input') {
			this.inputs.set(tensor, tensor);
			return null;
		}
		const name = place.nameBytes && this.rename(tensor, place.nameBytes);
		if (name === undefined) return 'No free name of the same length was found for its own value.';
		if (!this.index.graph.inputs.some((input) => input.name === tensor)) {
			const type = { value: { case: 'tensorType', value: { elemType } } } as const;
			this.appended.input.push({ name: tensor, type });
		}
		this.appended.output.push({ name });
		this.inputs.set(tensor, tensor);
		this.outputs.set(tensor, name);
		return null;
	}

	private rename(tensor: string, { offset }: ByteRange): string | undefined {
		const renaming = freeName(tensor, this.places.names);
		if (!renaming) return undefined;
		this.places.names.add(renaming.name);
		this.renamed.set(tensor, renaming.name);
		this.edits.push({ offset: offset + renaming.byte, bytes: Uint8Array.of(renaming.code) });
		return renaming.name;
	}

	/** Empty where the file says nothing. */
	private declaredType(tensor: string): string {
		const { inputs, outputs, valueInfo, initializers } = this.index.graph;
		const declared = [...inputs, ...outputs].find(({ name }) => name === tensor);
		return (declared ?? valueInfo.get(tensor) ?? initializers.get(tensor))?.dtype ?? '';
	}

	private suffix(opsetImport: { domain: string; version: bigint }[]): Uint8Array {
		const { input, output, node } = this.appended;
		const grows = input.length + output.length + node.length > 0;
		const model = { opsetImport, ...(grows && { graph: { input, output, node } }) };
		return toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
	}
}
