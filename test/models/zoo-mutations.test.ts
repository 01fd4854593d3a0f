import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { AttentionSite } from '../../extension/protocol/model.ts';
import {
	activationsQuantised,
	castsOnEdges,
	constantNodesAsWeights,
	copiesOnEdges,
	nodesInAnotherOrder,
	nodesUnnamed,
	shapesUndeclared,
	sizesFixed,
	sizesOfTheirOwn,
	sizesUnsaid,
	valuesNumbered,
	weightsAsConstantNodes,
	weightsElsewhere,
	weightsQuantised,
	type Mutation,
} from './zoo-mutations.ts';

const folder = new URL('./zoo/', import.meta.url);
const models = await Promise.all(
	readdirSync(folder)
		.filter((name) => name.endsWith('.onnx'))
		.map(async (name) => {
			const index = await indexModel(bytesSource(readFileSync(new URL(name, folder))));
			return { name, index, sites: findSites(index) };
		}),
);

const calling = new Set(['id', 'path', 'node', 'nodeName', 'notes', 'layer', 'tensors']);

/** All that a site says, but for how it and its place are called. */
function meaning(site: AttentionSite, rename: (name: string) => string) {
	const tensors = Object.entries(site.tensors).map(([role, tensor]) => [
		role,
		tensor && { ...tensor, name: rename(tensor.name) },
	]);
	const rest = Object.entries(site).filter(([key]) => !calling.has(key));
	return Object.fromEntries([...rest, ['tensors', Object.fromEntries(tensors)]]) as object;
}

const asWritten = (name: string) => name;
const unnamed = () => '';

function expectSame(
	mutate: Mutation,
	rename = asWritten,
	which: (sites: readonly AttentionSite[]) => boolean = () => true,
) {
	for (const { name, index, sites } of models.filter((model) => which(model.sites))) {
		const found = findSites(mutate(index)).map((site) => meaning(site, rename));
		expect(found, name).toEqual(sites.map((site) => meaning(site, rename)));
	}
}

/** Nodes that open what an operator hides are named after its own. */
const unopened = (sites: readonly AttentionSite[]) =>
	sites.every(({ kind, derived }) => kind !== 'fused' && derived === null);

describe('the sites of the whole zoo are the same where', () => {
	it('weights lie in a file that is not there', () => {
		expectSame(weightsElsewhere);
	});
	it('no node has a name', () => {
		// an inlined function's values are named after the call
		expectSame(nodesUnnamed, (name) => name.replace(/^.*\//, ''));
	});
	it('values are numbers', () => {
		for (const { name, index, sites } of models.filter((model) => unopened(model.sites))) {
			const { index: numbered, written } = valuesNumbered(index);
			const found = findSites(numbered).map((site) => meaning(site, written));
			expect(found, name).toEqual(sites.map((site) => meaning(site, asWritten)));
		}
	});
	it('nothing is said of the shapes in between and at the end', () => {
		expectSame(shapesUndeclared, asWritten);
	});
	it('free axes have sizes', () => {
		expectSame(sizesFixed, asWritten);
	});
	it('every free axis has a name of its own', () => {
		expectSame(sizesOfTheirOwn, asWritten);
	});
	it('free axes have no names', () => {
		expectSame(sizesUnsaid, asWritten);
	});
	it('weights are Constant nodes', () => {
		expectSame(weightsAsConstantNodes);
	});
	it('Constant nodes are weights', () => {
		expectSame(constantNodesAsWeights);
	});
	it('copies stand between the nodes', () => {
		expectSame(copiesOnEdges);
	});
	it('casts stand between the nodes', () => {
		expectSame(castsOnEdges, unnamed);
	});
	it('nodes stand in another order', () => {
		for (const { name, index, sites } of models) {
			const list = (of: readonly AttentionSite[]) =>
				of.map((site) => JSON.stringify(meaning(site, asWritten))).sort();
			expect(list(findSites(nodesInAnotherOrder(index))), name).toEqual(list(sites));
		}
	});
	it('weights are quantised', () => {
		expectSame(weightsQuantised, unnamed);
	});
	it('activations are quantised and turned back', () => {
		// weights and values are then read as they are turned back
		const turned = (name: string) => name.replace(/:back\d+$/, '');
		const unmixed = (site: AttentionSite) => {
			const { mixing, ...tensors } = site.tensors;
			return meaning(
				{ ...site, tensors, derived: mixing || site.kind === 'decomposed' ? null : site.derived },
				turned,
			);
		};
		for (const { name, index, sites } of models) {
			expect(findSites(activationsQuantised(index)).map(unmixed), name).toEqual(sites.map(unmixed));
		}
	});
});
