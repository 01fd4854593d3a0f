import type { AttentionSite, ModelSummary } from '../protocol/model.ts';
import type { ModelTarget } from '../workspace/model-target.ts';

/** A row of the models tree. Its `model` and `site` make it a target for commands. */
export type TreeNode =
	| (ModelTarget & { readonly kind: 'model'; readonly id: string })
	| (ModelTarget & {
			readonly kind: 'layer';
			readonly id: string;
			/** Null for sites that belong to no layer. */
			readonly layer: number | null;
			readonly sites: readonly string[];
	  })
	| (ModelTarget & { readonly kind: 'site'; readonly id: string; readonly site: string })
	/** The graph node that mixes, and under it the tensors of the site. */
	| (ModelTarget & { readonly kind: 'node'; readonly id: string; readonly site: string })
	| (ModelTarget & {
			readonly kind: 'tensor';
			readonly id: string;
			readonly site: string;
			readonly role: string;
	  })
	/** A sentence: why there is nothing below. */
	| (ModelTarget & { readonly kind: 'note'; readonly id: string; readonly text: string });

export const modelNode = (model: string): TreeNode => ({ kind: 'model', id: model, model });

export const siteNode = (model: string, site: string): TreeNode => ({
	kind: 'site',
	id: `${model} site ${site}`,
	model,
	site,
});

export const graphNode = (model: string, site: string): TreeNode => ({
	kind: 'node',
	id: `${model} node ${site}`,
	model,
	site,
});

const layerNode = (model: string, layer: number | null, summary: ModelSummary): TreeNode => ({
	kind: 'layer',
	id: `${model} layer ${String(layer)}`,
	model,
	layer,
	sites: summary.sites.filter((site) => site.layer === layer).map(({ id }) => id),
});

export const noteNode = (model: string, text: string): TreeNode => ({
	kind: 'note',
	id: `${model} note`,
	model,
	text,
});

/** What stands under a row; empty for the last ones. */
export function childrenOf(node: TreeNode, summary: ModelSummary, nothing: string): TreeNode[] {
	const { model } = node;
	switch (node.kind) {
		case 'model': {
			if (summary.sites.length === 0) return [noteNode(model, nothing)];
			const layers = [...new Set(summary.sites.map(({ layer }) => layer))];
			return layers.map((layer) => layerNode(model, layer, summary));
		}
		case 'layer':
			return node.sites.map((site) => siteNode(model, site));
		case 'site':
			return [graphNode(model, node.site)];
		case 'node':
			return Object.entries(siteOf(summary, node.site)?.tensors ?? {})
				.filter(([, tensor]) => tensor !== null)
				.map(([role]) => ({
					kind: 'tensor',
					id: `${node.id} ${role}`,
					model,
					site: node.site,
					role,
				}));
		case 'tensor':
		case 'note':
			return [];
	}
}

export function parentOf(node: TreeNode, summary: ModelSummary | undefined): TreeNode | undefined {
	const { model } = node;
	switch (node.kind) {
		case 'model':
			return undefined;
		case 'layer':
		case 'note':
			return modelNode(model);
		case 'site': {
			const site = summary && siteOf(summary, node.site);
			return site ? layerNode(model, site.layer, summary) : modelNode(model);
		}
		case 'node':
			return siteNode(model, node.site);
		case 'tensor':
			return graphNode(model, node.site);
	}
}

export function siteOf(summary: ModelSummary, id: string): AttentionSite | undefined {
	return summary.sites.find((site) => site.id === id);
}
