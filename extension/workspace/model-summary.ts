import { findStream } from '../attention/token-stream.ts';
import type { ModelIndex } from '../onnx/model-index.ts';
import { linearLayers } from './linear-layers.ts';
import type { AttentionSite, CodeLink, ModelSummary, TrainingRun } from '../protocol/model.ts';

/** A model that was read, and what it is called. */
export interface KnownModel {
	readonly uri: string;
	readonly name: string;
	readonly version: string;
	readonly index: ModelIndex;
	readonly sites: readonly AttentionSite[];
	/** Files that hold weights; default: none. */
	readonly external?: ModelSummary['external'];
	/** What its training left; default: nothing. */
	readonly training?: readonly TrainingRun[];
}

/** What pages and lists know of a model. */
export function summarizeModel(model: KnownModel, links: readonly CodeLink[]): ModelSummary {
	const { index } = model;
	const values = (list: ModelIndex['graph']['inputs']) =>
		list.map(({ name, dtype, shape }) => ({ name, dtype, shape: shape && [...shape] }));
	return {
		uri: model.uri,
		name: model.name,
		bytes: index.bytes,
		external: [...(model.external ?? [])],
		version: model.version,
		irVersion: index.irVersion,
		opsets: index.opsets.map(({ domain, version }) => ({ domain, version })),
		producer: `${index.producer.name} ${index.producer.version}`.trim(),
		nodes: index.graph.nodes.length,
		inputs: values(index.graph.inputs),
		outputs: values(index.graph.outputs),
		sites: [...model.sites],
		...linearLayers(index),
		codeLinks: [...links],
		stream: findStream(index, model.sites),
		training: [...(model.training ?? [])],
	};
}
