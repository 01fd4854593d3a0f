import { blockResults } from '../block-results.ts';
import type { BlockMatrix } from '../blocks.ts';
import { checkHead, checkToken } from '../check-rectangle.ts';
import type { EraseLedger, MemoryResults } from '../memory-results.ts';
import { runKernel } from '../run-kernel.ts';
import { recordRowSums } from '../scores/record-row-sums.ts';
import { recordScores, recordTransposed, type ScoreRecipe } from '../scores/record-scores.ts';
import { offsetOf, type Strided } from '../tensors.ts';
import carry from './carry.wgsl';
import { describeState } from './memory-rows.ts';
import {
	goesInChunks,
	lengthOfSolved,
	recordChunkAnswers,
	recordChunks,
	writtenOf,
} from './record-chunks.ts';
import {
	adjointBuffer,
	bound,
	groupsOf,
	memoryConstants,
	recordInitialState,
	recordOutput,
	recordPackedState,
	recordSteps,
	recordWalk,
	routeSizes,
	startOf,
	stridesOf,
	type Memory,
} from './record-memory.ts';
import trace from './trace.wgsl';

/** What the blocks of one result share: keys for tiles, or vectors for the walk and a packed state. */
interface Prepared {
	readonly keys?: GPUBuffer;
	readonly adjoint?: GPUBuffer;
	readonly initial?: GPUBuffer;
}

/**
 * Every result of a memory on the GPU.
 *
 * @param tiles where nothing fades or is erased, `M` is a product of queries and keys and needs no walk
 */
export function memoryResults(
	device: GPUDevice,
	memory: Memory,
	tiles?: ScoreRecipe,
): MemoryResults {
	const { inputs, shape, rule, normaliser } = memory;
	const { B, H, T, K, V, valueHeads } = shape;
	const { operator } = rule;
	const chunked = goesInChunks(memory);
	const matrix: BlockMatrix<Prepared> = {
		operator,
		shape: { B, H, T, S: T, V },
		v: inputs.v,
		valueHeads,
		queryOffset: 0,
		reach: memory.readsLast ? T : 1,
		scaled: normaliser !== undefined,
		prepare: (recording) => {
			if (tiles) return { keys: recordTransposed(recording, inputs.k, [B, shape.keyHeads, T, K]) };
			const adjoint = adjointBuffer(recording, shape);
			if (!inputs.initial) return { adjoint };
			return { adjoint, initial: recordPackedState(recording, inputs.initial, shape) };
		},
		record: (recording, block, target, { keys, adjoint }) => {
			if (tiles) recordScores(recording, block, target.weights, keys!, tiles);
			else recordWalk(recording, block, target.weights, adjoint!, memory);
			if (normaliser === undefined) return;
			const rows = { operator, columns: T, reach: memory.readsLast ? T : 1 };
			recordRowSums(recording, block, target, rows, { epsilon: normaliser });
		},
		recordOutput: (recording, target) => {
			if (!chunked) recordOutput(recording, target, memory);
			else recordChunkAnswers(recording, memory, recordChunks(recording, memory), target);
		},
		...(inputs.initial && { recordCarry: recordCarry(memory) }),
	};

	const follow = async (
		{ batch, head }: { readonly batch: number; readonly head: number },
		reader: { readonly tensor: Strided; readonly group: number; readonly scale: number },
		pairs: readonly (readonly [write: number, read: number])[],
		until: number,
	) => {
		const length = until + 1 - Math.min(...pairs.map(([write]) => write));
		const [values] = await runKernel(device, operator, (recording) => {
			const target = recording.output(pairs.length * length * 3);
			const { k, decay, beta } = inputs;
			const [, keyGroup, valueGroup] = groupsOf(shape);
			recording.dispatch({
				label: `${operator}: trace`,
				shader: trace,
				constants: memoryConstants(memory),
				whole: [
					...[...k.strides, ...stridesOf(decay?.tensor), ...stridesOf(beta)],
					...reader.tensor.strides,
					...[offsetOf(k), startOf(decay?.tensor), startOf(beta), offsetOf(reader.tensor)],
					...[batch, head, H, keyGroup, valueGroup, reader.group],
					...[K, pairs.length, until, length, ...routeSizes(memory)],
				],
				real: [reader.scale],
				buffers: [
					...[recording.input(k.data), bound(recording, decay?.tensor), bound(recording, beta)],
					recording.input(reader.tensor.data),
					recording.input(Uint32Array.from(pairs.flat())),
					recording.input(rule.routes?.types ?? new Float32Array(1)),
					...[recording.scratch(2 * K * pairs.length), target],
				],
				workgroups: [Math.ceil(pairs.length / 32)],
				work: pairs.length * length * K * 4,
			});
			return [{ buffer: target, length: pairs.length * length * 3 }];
		});
		return (pair: number, after: number, field: number) =>
			values![(pair * length + after) * 3 + field]!;
	};

	return {
		...blockResults(device, matrix),
		async states({ batch, head, after }) {
			checkHead(operator, matrix.shape, batch, head);
			for (const each of after) checkToken(operator, 'after', each, T + 1);
			const order = [...new Set(after)].sort((a, b) => a - b);
			const size = await readStates(device, memory, batch * H + head, order);
			return after.map((each) => describeState(each, size(order.indexOf(each)), K, V));
		},
		async finalState() {
			const [values] = await runKernel(device, operator, (recording) => {
				if (chunked) {
					const { state } = recordChunks(recording, memory);
					return [{ buffer: state.buffer, length: state.length }];
				}
				const state = recordInitialState(recording, memory);
				const answers = recording.scratch(1);
				const part = { from: 0, to: T, reads: false, writes: true };
				recordSteps(recording, memory, state, answers, part);
				return [{ buffer: state.buffer, length: state.length }];
			});
			const columns = values!.length / (B * H * K);
			return columns === V ? values! : withoutLastColumn(values!, columns);
		},
		async written() {
			const [values] = await runKernel(device, operator, (recording) => {
				if (chunked) {
					const { solved } = recordChunks(recording, memory);
					return [{ buffer: solved, length: lengthOfSolved(shape) }];
				}
				const state = recordInitialState(recording, memory);
				const length = B * H * T * state.columns;
				const target = recording.output(length);
				const part = { from: 0, to: T, reads: false, writes: true, tells: true };
				recordSteps(recording, memory, state, target, part);
				return [{ buffer: target, length }];
			});
			if (chunked) return writtenOf(values!, shape);
			const columns = values!.length / (B * H * T);
			return columns === V ? values! : withoutLastColumn(values!, columns);
		},
		async retention({ batch, head, writes }) {
			checkHead(operator, matrix.shape, batch, head);
			for (const write of writes) checkToken(operator, 'write', write, T);
			const returned = new Float32Array(writes.length * T);
			if (writes.length === 0) return { returned };
			const reader = { tensor: inputs.k, group: H / shape.keyHeads, scale: 1 };
			const pairs = writes.map((write) => [write, write] as const);
			const found = await follow({ batch, head }, reader, pairs, T - 1);
			writes.forEach((write, pair) => {
				for (let t = write; t < T; t++) returned[pair * T + t] = found(pair, t - write, 0);
			});
			return { returned };
		},
		async ledger({ batch, head, write, read }): Promise<EraseLedger> {
			checkHead(operator, matrix.shape, batch, head);
			checkToken(operator, 'read', read, T);
			checkToken(operator, 'write', write, read + 1);
			const reader = { tensor: inputs.q, group: H / shape.queryHeads, scale: rule.scale };
			const found = await follow({ batch, head }, reader, [[write, read]], read);
			const steps = read - write;
			const field = (at: number) =>
				Float64Array.from({ length: steps }, (_, s) => found(0, s + 1, at));
			return {
				intact: found(0, 0, 0),
				faded: field(1),
				erased: field(2),
				left: found(0, steps, 0),
			};
		},
	};
}

function recordCarry({ rule, shape }: Memory): NonNullable<BlockMatrix<Prepared>['recordCarry']> {
	return (recording, block, target, { adjoint, initial }) => {
		recording.dispatch({
			label: `${rule.operator}: carry`,
			shader: carry,
			whole: [block.rows, block.firstRow, block.firstHead, shape.T, shape.K, shape.V],
			buffers: [adjoint!, initial!, target],
			workgroups: [Math.ceil(shape.V / 8), Math.ceil(block.rows / 8), block.heads],
			work: block.heads * block.rows * shape.K * shape.V,
		});
	};
}

/** The states of one head after each number of tokens, which ascend. */
async function readStates(
	device: GPUDevice,
	memory: Memory,
	head: number,
	after: readonly number[],
): Promise<(index: number) => Float32Array> {
	const { K, V } = memory.shape;
	let columns = V;
	const [values] = await runKernel(device, memory.rule.operator, (recording) => {
		const state = recordInitialState(recording, memory);
		({ columns } = state);
		const size = K * columns;
		const target = recording.output(after.length * size);
		const answers = recording.scratch(1);
		after.forEach((to, index) => {
			const part = { from: after[index - 1] ?? 0, to, reads: false, writes: true };
			recordSteps(recording, memory, state, answers, part);
			recording.copy(state.buffer, head * size, target, index * size, size);
		});
		return [{ buffer: target, length: after.length * size }];
	});
	return (index) => {
		const state = values!.subarray(index * K * columns, (index + 1) * K * columns);
		return columns === V ? state : withoutLastColumn(state, columns);
	};
}

function withoutLastColumn(values: Float32Array, columns: number): Float32Array<ArrayBuffer> {
	return Float32Array.from(values.filter((_, at) => at % columns !== columns - 1));
}
