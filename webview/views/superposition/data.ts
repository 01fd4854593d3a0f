import type { AttentionSite, LinearLayer } from '../../../extension/protocol/model.ts';
import type { Proof } from '../../../extension/protocol/run.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { findCode, type Code } from './layer/code.ts';
import { measureLayers, type MeasuredLayer } from './layer/measure.ts';

/** An attention layer that several inputs share. */
export interface GridSite {
	readonly id: string;
	readonly name: string;
	readonly site: AttentionSite;
	readonly heads: number;
	readonly tokens: number;
	/** Grids that the run's input can be cut to, smallest first, as `rows×columns`. */
	readonly grids: readonly string[];
}

/** A tensor whose rows are taken apart into features. */
export interface FeatureTensor {
	readonly name: string;
	readonly label: string;
	readonly width: number;
}

/** Something whose columns or rows serve as features. */
export interface DictionarySource {
	readonly id: string;
	readonly label: string;
}

export interface SuperposedData {
	readonly model: string;
	readonly attention: readonly GridSite[];
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

export async function computeSuperposition(context: ViewContext): Promise<SuperposedData> {
	const { model } = context;
	let code: Code | null = null;
	let layers: MeasuredLayer[] = [];
	let trouble = '';
	let files: string[] = [];
	try {
		context.progress('Looking for a code beside the model');
		const listed = await context.files.list();
		files = listed.map(({ path }) => path);
		const beside = listed.filter((file) => file.beside).map(({ path }) => path);
		code = await findCode(context.files, beside, model);
		if (code) layers = await measureLayers(context, code, beside);
	} catch (error) {
		if (context.signal.aborted) throw error;
		trouble = error instanceof Error ? error.message : String(error);
		code = null;
	}
	return {
		model: model.name,
		attention: [],
		code,
		layers,
		linears: model.linears,
		tensors: [],
		dictionaries: [],
		files,
		trouble,
		proofs: layers.map(({ proof }) => proof),
		tokens: context.tokens,
	};
}
