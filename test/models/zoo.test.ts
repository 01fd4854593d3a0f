import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';

const folder = new URL('./zoo/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('./zoo.json', import.meta.url), 'utf8')) as Record<
	string,
	readonly Record<string, unknown>[]
>;
const graphs = readdirSync(folder)
	.filter((name) => name.endsWith('.onnx'))
	.map((name) => name.replace(/\.onnx$/, ''));

const sitesOf = async (name: string) =>
	findSites(await indexModel(bytesSource(readFileSync(new URL(`${name}.onnx`, folder)))));

describe('the zoo', () => {
	it('has one entry in the table for each graph', () => {
		expect(graphs.sort()).toEqual(Object.keys(expected).sort());
	});

	it('has at least 40 graphs that attend and 20 that do not', () => {
		const without = Object.values(expected).filter((sites) => sites.length === 0);
		expect(without.length).toBeGreaterThanOrEqual(20);
		expect(graphs.length - without.length).toBeGreaterThanOrEqual(40);
	});
});

describe('sites of', () => {
	it.each(graphs)('%s', async (name) => {
		const sites = await sitesOf(name);
		const wanted = expected[name] ?? [];
		expect(sites.map(({ form, path }) => `${form} ${path}`)).toEqual(
			wanted.map(({ form, path }) => `${String(form)} ${String(path)}`),
		);
		expect(sites).toMatchObject(wanted);
		expect(new Set(sites.map(({ id }) => id)).size).toBe(sites.length);
	});
});
