import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linksOf, marked, namedNode, placeOf, python } from '../../test/models/named-model.ts';
import type { Form } from '../protocol/model.ts';

/** Short imitations of models that people export, in sections `=== what it is`, as the file itself shows. */
const models = readFileSync(new URL('../../test/models/public-models.txt', import.meta.url), 'utf8')
	.split(/^=== /m)
	.slice(1)
	.map((section) => {
		const [head = '', ...parts] = section.split(/^--- /m);
		const [of = ''] = head.split('\n');
		const saying = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(head)?.[1] ?? '';
		const files = parts.map((part) => {
			const end = part.indexOf('\n');
			return [part.slice(0, end), part.slice(end + 1)] as const;
		});
		return {
			of,
			site: saying('site'),
			form: (saying('form') || 'softmax') as Form,
			modules: saying('modules').split(' '),
			classes: saying('classes').split(' '),
			files: python(Object.fromEntries(files)),
		};
	});

type Model = (typeof models)[number];

/** As the older exporter names nodes. */
const named = ({ site, modules }: Model) =>
	[`${site}/Softmax`, ...modules.map((path) => `${path}/MatMul`)].map((name) => namedNode(name));

const listOf = (items: readonly string[]) => `[${items.map((item) => `'${item}'`).join(', ')}]`;

/** As the newer exporter tells of modules and their classes, without the traceback that people strip. */
function scoped({ site, modules, classes }: Model) {
	const scopesOf = (path: string) => {
		const scopes = [''];
		for (const segment of path.slice(1).split('/')) {
			const outer = scopes.at(-1)!;
			// the older exporter repeats the name of a Sequential before the index of its child
			const own = outer.split('.').at(-1)!;
			const tail = own !== '' && segment.startsWith(`${own}.`) ? segment.slice(own.length + 1) : segment; // prettier-ignore
			scopes.push(outer === '' ? tail : `${outer}.${tail}`);
		}
		return scopes;
	};
	const nodeOf = (path: string, operator: string, of: readonly string[]) =>
		namedNode(`node_${path.replace(/\W/g, '_')}_${operator}`, {
			metadata: new Map([
				['pkg.torch.onnx.name_scopes', listOf([...scopesOf(path), operator])],
				['pkg.torch.onnx.class_hierarchy', listOf([...of, `aten.${operator}.default`])],
			]),
		});
	return [nodeOf(site, 'softmax', classes), ...modules.map((path) => nodeOf(path, 'linear', []))];
}

const placesOf = ({ site, form, files }: Model, nodes: ReturnType<typeof named>) => {
	const links = linksOf(nodes, { path: site, form }, files);
	return (['class', 'build', 'call'] as const).map((target) => placeOf(links, target));
};

/** Of several marked lines, as where the code chooses at run time, the one of a turn. */
const expected = ({ files }: Model, turn: 0 | -1) =>
	['class', 'build', 'call'].map((mark) => marked(files, mark).at(turn));

describe('the code of a public model is found', () => {
	it.each(models.map((model) => [model.of, model] as const))(
		'%s, by names of nodes',
		(_, model) => {
			expect(placesOf(model, named(model))).toEqual(expected(model, 0));
		},
	);

	it.each(models.map((model) => [model.of, model] as const))('%s, by scopes', (_, model) => {
		expect(placesOf(model, scoped(model))).toEqual(expected(model, -1));
	});
});
