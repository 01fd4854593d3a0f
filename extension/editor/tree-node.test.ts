import { expect, it } from 'vitest';
import type { ModelSummary } from '../protocol/model.ts';
import { childrenOf, graphNode, modelNode, parentOf, type TreeNode } from './tree-node.ts';

const site = (id: string, layer: number | null) => ({
	id,
	layer,
	tensors: { q: { name: 'q', axes: 'BHTK' }, mask: null },
});
const summary = { sites: [site('a', 0), site('b', 1), site('c', null)] } as unknown as ModelSummary;
const empty = { sites: [] } as unknown as ModelSummary;

function walk(node: TreeNode): TreeNode[] {
	return [node, ...childrenOf(node, summary, 'none').flatMap(walk)];
}

it('goes from models over layers and sites to nodes and their tensors', () => {
	expect(walk(modelNode('m')).map(({ kind }) => kind)).toEqual([
		'model',
		...['layer', 'site', 'node', 'tensor', 'layer', 'site', 'node', 'tensor'],
		...['layer', 'site', 'node', 'tensor'],
	]);
});

it('finds from every row the way up that led to it', () => {
	for (const node of walk(modelNode('m')))
		for (const child of childrenOf(node, summary, 'none'))
			expect(parentOf(child, summary)).toEqual(node);
	expect(parentOf(modelNode('m'), summary)).toBeUndefined();
	expect(parentOf(graphNode('m', 'a'), summary)).toMatchObject({ kind: 'site', site: 'a' });
});

it('knows of a layer the sites that its code leads to', () => {
	const layers = childrenOf(modelNode('m'), summary, 'none');
	expect(layers).toMatchObject([{ sites: ['a'] }, { sites: ['b'] }, { sites: ['c'] }]);
});

it('gives every row an id of its own', () => {
	const ids = walk(modelNode('m')).map(({ id }) => id);
	expect(new Set(ids).size).toBe(ids.length);
});

it('says that a model has no attention', () => {
	expect(childrenOf(modelNode('m'), empty, 'nothing found')).toMatchObject([
		{ kind: 'note', text: 'nothing found' },
	]);
});
