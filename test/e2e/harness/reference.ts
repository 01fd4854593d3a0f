import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { readNpz } from '../../models/npz.ts';
import type { EditorPage } from '../pages/editor-page.ts';
import type { InspectorPanel } from '../pages/inspector-panel.ts';
import type { Session } from './session.ts';

/** What the page exports of one head. */
interface ExportedHead {
	readonly data: {
		readonly site: { readonly layer: number };
		readonly head: number;
		readonly weights: {
			readonly cell: readonly [number, number];
			readonly values: readonly (readonly number[])[];
		};
	};
}

/** PyTorch's weights of one head, written by the sample's `export.py`. */
export class ReferenceHead {
	private constructor(
		private readonly values: ArrayLike<number>,
		private readonly T: number,
		private readonly start: number,
	) {}

	static async of(session: Session, layer: number, head: number): Promise<ReferenceHead> {
		const file = join(session.workspace, 'mqar-softmax/reference.npz');
		const { shape, data } = readNpz(await readFile(file)).get(
			`layers.${String(layer)}.probabilities`,
		)!;
		const T = shape[2]!;
		return new ReferenceHead(data, T, head * T * T);
	}

	weight(query: number, key: number): number {
		return this.values[this.start + query * this.T + key]!;
	}
}

/** Largest difference allowed: both are float32, summed in another order; 3e-7 was measured. */
const tolerance = 1e-4;

/** Exports what is drawn, and holds each weight against PyTorch's. */
export async function expectReference(
	editor: EditorPage,
	panel: InspectorPanel,
	session: Session,
): Promise<ReferenceHead> {
	await panel.export('JSON');
	await editor.acceptFileDialog();
	const { data } = JSON.parse(await exportedFile(session, '.json')) as ExportedHead;
	const reference = await ReferenceHead.of(session, data.site.layer, data.head);
	expect(data.weights.cell).toEqual([1, 1]);
	const differences = data.weights.values.flatMap((row, query) =>
		row.map((value, key) => Math.abs(value - reference.weight(query, key))),
	);
	expect(differences).toHaveLength(64 * 64);
	expect(Math.max(...differences)).toBeLessThan(tolerance);
	return reference;
}

/** The one file with this ending that was saved at the top of the workspace. */
export async function exportedFile(session: Session, ending: string): Promise<string> {
	return vi.waitFor(
		async () => {
			const file = (await readdir(session.workspace)).find((name) => name.endsWith(ending));
			if (file === undefined) throw new Error(`no *${ending} was saved in the workspace`);
			return readFile(join(session.workspace, file), 'utf8');
		},
		{ timeout: 30_000 },
	);
}
