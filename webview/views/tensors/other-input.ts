import type { InputTensor, ModelInput } from '../../../extension/protocol/run.ts';
import { seeded } from '../../../kernels/common/seeded.ts';
import { EditError, type Source } from './edit.ts';

/**
 * The run's input with its ids, or where there are none its float tensors, changed.
 *
 * @throws EditError where the source does not fit the input
 */
export function otherInput(input: ModelInput, source: Source): ModelInput {
	const changes = input.tensors.map((tensor) => changed(tensor, input, source));
	if (changes.every((tensor, at) => tensor === input.tensors[at]))
		throw new EditError(`The input has nothing that could be replaced by ${source.kind} values.`);
	return { ...input, source: `${input.source}, ${source.kind}`, tensors: changes };
}

/** The input's token ids: the first whole-number tensor `[B, T]` that is no mask and no positions. */
export function idsOf(input: ModelInput): InputTensor | undefined {
	return input.tensors.find(
		({ name, dtype, shape }) =>
			/^int(32|64)$/.test(dtype) &&
			shape.length <= 2 &&
			!/mask|position|type|segment|past|cache/i.test(name),
	);
}

function changed(tensor: InputTensor, input: ModelInput, source: Source): InputTensor {
	if (source.kind === 'random') {
		if (tensor.dtype !== 'float32') return tensor;
		const random = seeded(source.seed);
		const values = new Float32Array(tensor.data.byteLength / 4).map(
			() => Math.sqrt(3) * (random() + random() + random() + random() - 2),
		);
		return { ...tensor, data: new Uint8Array(values.buffer) };
	}
	if (tensor !== idsOf(input)) return tensor;
	const ids = readIds(tensor);
	if (source.kind === 'ids') {
		if (source.ids.length !== ids.length)
			throw new EditError(`The input has ${ids.length} ids, and ${source.ids.length} were given.`);
		return { ...tensor, data: writeIds(tensor, source.ids) };
	}
	return { ...tensor, data: writeIds(tensor, shuffled(ids, source.seed)) };
}

function readIds({ dtype, data }: InputTensor): number[] {
	const bytes = data.slice().buffer;
	return dtype === 'int64'
		? Array.from(new BigInt64Array(bytes), Number)
		: Array.from(new Int32Array(bytes));
}

function writeIds({ dtype }: InputTensor, ids: readonly number[]): Uint8Array {
	const values = dtype === 'int64' ? BigInt64Array.from(ids, BigInt) : Int32Array.from(ids);
	return new Uint8Array(values.buffer);
}

function shuffled(ids: readonly number[], seed: number): number[] {
	const random = seeded(seed);
	const result = [...ids];
	for (let at = result.length - 1; at > 0; at--) {
		const other = Math.floor(random() * (at + 1));
		[result[at], result[other]] = [result[other]!, result[at]!];
	}
	return result;
}
