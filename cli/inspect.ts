import { resolve } from 'node:path';
import { findSites } from '../extension/attention/find-sites.ts';
import { fileSource } from '../extension/onnx/file-source.ts';
import { indexModel } from '../extension/onnx/index-model.ts';
import type { Graph, ModelIndex } from '../extension/onnx/model-index.ts';
import type { AttentionSite, CodeLink } from '../extension/protocol/model.ts';
import { linkSites } from '../extension/source/link-sites.ts';
import { readPins } from './read-pins.ts';
import { readPython } from './read-python.ts';

/** What `attnscope inspect --json` prints. */
export interface Inspection {
	readonly model: {
		readonly bytes: number;
		readonly irVersion: number;
		readonly opsets: readonly { readonly domain: string; readonly version: number }[];
		readonly producer: string;
		readonly nodes: number;
		readonly inputs: readonly Value[];
		readonly outputs: readonly Value[];
	};
	readonly sites: readonly AttentionSite[];
	readonly codeLinks: readonly CodeLink[];
}

interface Value {
	readonly name: string;
	readonly dtype: string;
	readonly shape: readonly (number | string | null)[] | null;
}

/**
 * Reads a model's graph, its attention sites and the Python behind them; nothing is run.
 *
 * @param code folder of the model's code; where none is given, the project around the model
 * @throws FormatError where the file is no model; Node's own error where it cannot be read
 */
export async function inspect(path: string, code?: string): Promise<Inspection> {
	const model = resolve(path);
	const source = await fileSource(model);
	try {
		const index = await indexModel(source);
		const sites = findSites(index);
		const files = sites.length === 0 ? [] : await readPython(model, code);
		const codeLinks = linkSites(index, sites, files, { model, pins: await readPins(model) });
		return { model: describe(index), sites, codeLinks };
	} finally {
		await source.close();
	}
}

function describe(index: ModelIndex): Inspection['model'] {
	const { graph, producer } = index;
	const values = (list: Graph['inputs']) =>
		list.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
	return {
		bytes: index.bytes,
		irVersion: index.irVersion,
		opsets: index.opsets.map(({ domain, version }) => ({ domain, version })),
		producer: `${producer.name} ${producer.version}`.trim(),
		nodes: graph.nodes.length,
		inputs: values(graph.inputs.filter(({ name }) => !graph.initializers.has(name))),
		outputs: values(graph.outputs),
	};
}

/** The same for people: one line a site. */
export function inspectionText({ model, sites, codeLinks }: Inspection): string {
	const head = `${model.nodes} nodes, ${sites.length} attention ${sites.length === 1 ? 'site' : 'sites'}`;
	const lines = sites.map((site) => {
		const link =
			codeLinks.find((l) => l.site === site.id && l.target === 'call') ??
			codeLinks.find((l) => l.site === site.id);
		const parts = [
			`layer ${site.layer ?? '-'}`,
			site.id,
			`${site.form} (${site.operator ?? site.kind})`,
			`${site.heads ?? '?'} heads of ${site.headSize ?? '?'}`,
			`mask ${site.mask}`,
			...(site.cross ? ['cross'] : []),
			...(link ? [`${link.file}:${link.line} (${link.how})`] : []),
		];
		return [parts.join(' · '), ...site.notes.map((note) => `    ${note}`)].join('\n');
	});
	return [head, ...lines].join('\n');
}
