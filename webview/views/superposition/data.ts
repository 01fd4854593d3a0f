import type { ArrayFileContent } from '../../../extension/protocol/files.ts';
import type { LinearLayer } from '../../../extension/protocol/model.ts';
import type { Proof } from '../../../extension/protocol/run.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { findSequences, type StoredSequences } from './channels/accuracy.ts';
import { gridSites, type GridSite } from './channels/grid.ts';
import { measureGrid, type MeasuredGrid } from './channels/measure-grid.ts';
import {
	sourcesOf,
	tensorsOf,
	type DictionarySource,
	type FeatureTensor,
} from './dictionary/sources.ts';
import { findCode, type Code } from './layer/code.ts';
import { measureLayers, type MeasuredLayer } from './layer/measure.ts';

export interface SuperposedData {
	readonly model: string;
	readonly attention: readonly GridSite[];
	readonly grids: readonly MeasuredGrid[];
	/** Sequences with their classes that stand beside the model. */
	readonly sequences: StoredSequences | null;
	readonly code: Code | null;
	readonly layers: readonly MeasuredLayer[];
	readonly linears: readonly LinearLayer[];
	readonly tensors: readonly FeatureTensor[];
	readonly dictionaries: readonly DictionarySource[];
	/** Files beside the model, and why they could not be read; empty for no trouble. */
	readonly files: readonly string[];
	readonly trouble: string;
	readonly proofs: readonly Proof[];
	readonly tokens: readonly string[];
}

/** Files beside the model whose arrays are offered as dictionaries. */
const MOST_FILES = 16;

export async function computeSuperposition(context: ViewContext): Promise<SuperposedData> {
	const { model } = context;
	const attention = gridSites(model, context.input);
	const grids: MeasuredGrid[] = [];
	let sequences: StoredSequences | null = null;
	let code: Code | null = null;
	let layers: MeasuredLayer[] = [];
	let trouble = '';
	let files: string[] = [];
	const described: { path: string; content: ArrayFileContent }[] = [];
	/** A file that is not what it should be stops nothing but what it was for. */
	const attempt = async (work: () => Promise<void>) => {
		try {
			await work();
		} catch (error) {
			if (context.signal.aborted) throw error;
			trouble = error instanceof Error ? error.message : String(error);
		}
	};
	let beside: string[] = [];
	await attempt(async () => {
		context.progress('Looking for a code beside the model');
		const listed = await context.files.list();
		files = listed.map(({ path }) => path);
		beside = listed.filter((file) => file.beside).map(({ path }) => path);
	});
	await attempt(async () => {
		const found = await findCode(context.files, beside, model);
		if (found) layers = await measureLayers(context, found, beside);
		code = found;
	});
	for (const path of beside.slice(0, MOST_FILES)) {
		await attempt(async () => {
			described.push({ path, content: await context.files.describe(path) });
		});
	}
	await attempt(async () => {
		if (attention.length > 0) sequences = await findSequences(context, beside);
	});
	for (const site of attention) grids.push(await measureGrid(context, attention, site, sequences));
	return {
		model: model.name,
		attention,
		grids,
		sequences,
		code,
		layers,
		linears: model.linears,
		tensors: tensorsOf(model),
		dictionaries: sourcesOf(model, described),
		files,
		trouble,
		proofs: [...layers.map(({ proof }) => proof), ...grids.map(({ detail }) => detail.proof)],
		tokens: context.tokens,
	};
}
