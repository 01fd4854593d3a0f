import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findSites } from '../../../extension/attention/find-sites.ts';
import { bytesSource } from '../../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../../extension/onnx/index-model.ts';

/**
 * What a user does who tries sharper scores in the softmax sample: edits the line that divides them, and exports. The
 * exporter writes the divisor as a constant of each layer, so the new file is the old one with that number in it.
 *
 * @param factor what the scores are divided by more than before
 */
export async function exportAgain(workspace: string, factor: number): Promise<void> {
	const folder = join(workspace, 'mqar-softmax');
	const code = await readFile(join(folder, 'model.py'), 'utf8');
	const divisor = '/ math.sqrt(self.head_size)';
	if (!code.includes(divisor)) throw new Error(`model.py no longer divides by ${divisor}`);
	await writeFile(
		join(folder, 'model.py'),
		code.replace(divisor, `${divisor} / ${String(factor)}`),
	);
	const path = join(folder, 'model.onnx');
	const bytes = await readFile(path);
	const index = await indexModel(bytesSource(bytes));
	const scales = findSites(index).map(({ scale }) => Math.fround(1 / scale!));
	let changed = 0;
	for (const { opType, attributes } of index.graph.nodes) {
		const value = opType === 'Constant' ? attributes.get('value') : undefined;
		if (value?.kind !== 'tensor' || value.value.dtype !== 'float32' || !value.value.data) continue;
		const [number] = value.value.values ?? [];
		if (value.value.values?.length !== 1 || number === undefined) continue;
		if (!scales.some((scale) => Math.abs(scale - number) < 1e-5)) continue;
		bytes.writeFloatLE(number * factor, value.value.data.offset);
		changed++;
	}
	if (changed !== scales.length)
		throw new Error(`${String(changed)} divisors were found for ${String(scales.length)} layers`);
	await writeFile(path, bytes);
}
