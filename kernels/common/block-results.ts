import type { AttentionResults, OverviewRequest, RowStatistics } from './attention-results.ts';
import { forEachBlock, type Block, type BlockMatrix, type BlockTarget } from './blocks.ts';
import { cellsOf, checkHead, checkRectangle } from './check-rectangle.ts';
import { inParts } from './parts.ts';
import {
	lengthOfCells,
	pyramidOf,
	recordApply,
	recordPool,
	recordResidual,
	recordRowStatistics,
	type Cells,
} from './record-results.ts';
import { residualOf, splitStatistics, STATISTIC_FIELDS } from './result-parts.ts';
import { runKernel, type Recording } from './run-kernel.ts';
import { checkReach } from './tensors.ts';

/** Every result of the family, from blocks of `M` that are written, used and overwritten on the GPU. */
export function blockResults<Prepared>(
	device: GPUDevice,
	matrix: BlockMatrix<Prepared>,
): AttentionResults {
	const { operator, shape } = matrix;
	const { B, H, T, S, V } = shape;
	const outputLength = B * H * T * V;
	const all = { firstHead: 0, heads: B * H };

	/** Records `M·V` of a block and what is added to it. */
	const recordAnswers = (
		recording: Recording,
		block: Block,
		written: BlockTarget,
		target: GPUBuffer,
		prepared: Prepared,
	) => {
		recordApply(recording, matrix, block, written, target);
		matrix.recordCarry?.(recording, block, target, prepared);
	};

	const recordProduct = (recording: Recording): GPUBuffer => {
		const target = recording.output(outputLength);
		forEachBlock(recording, matrix, (block, written, prepared) => {
			recordAnswers(recording, block, written, target, prepared);
		});
		return target;
	};

	const pooled: AttentionResults['pyramid'] = async (rectangle, most) => {
		checkRectangle(operator, rectangle, shape);
		const cells = { ...rectangle, ...cellsOf(operator, rectangle, most) };
		const length = lengthOfCells(cells);
		const [values] = await runKernel(device, operator, (recording) => {
			const target = recording.output(length);
			const part = {
				firstHead: rectangle.batch * H + rectangle.head,
				heads: 1,
				firstRow: rectangle.rows[0],
				rows: rectangle.rows[1] - rectangle.rows[0],
			};
			const first = { head: 0, heads: 1, at: 0 };
			forEachBlock(
				recording,
				matrix,
				(block, written) => recordPool(recording, matrix, block, written, target, cells, first),
				part,
			);
			return [{ buffer: target, length }];
		});
		return pyramidOf(values!, cells);
	};

	/** The overview of some heads, in one submission. */
	const overviewOf = async (
		part: { readonly firstHead: number; readonly heads: number },
		{ given, batch }: OverviewRequest,
		cells: Cells,
	) => {
		const statisticsLength = part.heads * T * STATISTIC_FIELDS;
		const from = Math.max(part.firstHead, batch * H);
		const to = Math.max(from, Math.min(part.firstHead + part.heads, (batch + 1) * H));
		const pooledLength = (to - from) * lengthOfCells(cells);
		return runKernel(device, operator, (recording) => {
			const product = recording.scratch(outputLength);
			const statistics = recording.output(statisticsLength);
			const cellsOfHeads = recording.output(Math.max(1, pooledLength));
			forEachBlock(
				recording,
				matrix,
				(block, written, prepared) => {
					recordAnswers(recording, block, written, product, prepared);
					recordRowStatistics(recording, matrix, block, written, statistics, part.firstHead);
					const first = Math.max(from, block.firstHead);
					const heads = Math.min(to, block.firstHead + block.heads) - first;
					if (heads <= 0) return;
					recordPool(recording, matrix, block, written, cellsOfHeads, cells, {
						...{ head: first - block.firstHead, heads, at: first - from },
					});
				},
				{ ...part, firstRow: 0, rows: T },
			);
			return [
				{ buffer: statistics, length: statisticsLength },
				{ buffer: cellsOfHeads, length: pooledLength },
				recordResidual(recording, matrix, product, given, part),
			];
		});
	};

	return {
		shape,
		backend: 'webgpu',
		async output() {
			const [values] = await runKernel(device, operator, (recording) => {
				if (!matrix.recordOutput) {
					return [{ buffer: recordProduct(recording), length: outputLength }];
				}
				const target = recording.output(outputLength);
				matrix.recordOutput(recording, target);
				return [{ buffer: target, length: outputLength }];
			});
			return values!;
		},
		async weights(rectangle) {
			checkRectangle(operator, rectangle, shape);
			const { mean } = await pooled(rectangle, {
				rows: rectangle.rows[1] - rectangle.rows[0],
				columns: rectangle.columns[1] - rectangle.columns[0],
			});
			return { ...rectangle, values: mean };
		},
		pyramid: pooled,
		async rowStatistics(): Promise<RowStatistics> {
			const length = B * H * T * STATISTIC_FIELDS;
			const [values] = await runKernel(device, operator, (recording) => {
				const target = recording.output(length);
				if (matrix.recordStatistics) {
					matrix.recordStatistics(recording, target);
				} else {
					forEachBlock(recording, matrix, (block, written) =>
						recordRowStatistics(recording, matrix, block, written, target),
					);
				}
				return [{ buffer: target, length }];
			});
			return splitStatistics(values!);
		},
		async residual(given) {
			checkReach(operator, 'the given output', given, [B, H, T, V]);
			const [sums] = await runKernel(device, operator, (recording) => [
				recordResidual(recording, matrix, recordProduct(recording), given, all),
			]);
			return residualOf(B * H, sums!);
		},
		async overview(request, step) {
			const { given, batch, most } = request;
			checkReach(operator, 'the given output', given, [B, H, T, V]);
			checkHead(operator, shape, batch, 0);
			const whole = { batch, head: 0, rows: [0, T], columns: [0, S] } as const;
			const cells = { ...whole, ...cellsOf(operator, whole, most) };
			const found = await inParts(B * H, T * S * (V + 64), step, (part) =>
				overviewOf(part, request, cells),
			);
			const join = (at: number) => joined(found.map((values) => values[at]!));
			const [statistics, pyramids, sums] = [join(0), join(1), join(2)];
			const length = lengthOfCells(cells);
			return {
				residual: residualOf(B * H, sums),
				statistics: splitStatistics(statistics),
				pyramids: Array.from({ length: H }, (_, head) =>
					pyramidOf(pyramids.subarray(head * length, (head + 1) * length), { ...cells, head }),
				),
			};
		},
	};
}

function joined(parts: readonly Float32Array[]): Float32Array {
	const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
