import { expect, it } from 'vitest';
import { model, node, tensor, value } from '../../test/models/build-model.ts';
import { marked, python } from '../../test/models/named-model.ts';
import { findSites } from '../attention/find-sites.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { linkSites } from './link-sites.ts';
import type { PythonFile } from './python-file.ts';

interface Local {
	readonly domain: string;
	readonly name: string;
	/** Of the function that takes the softmax in its stead; null for the operator. */
	readonly softmax?: Local;
}

/** A function of attention whose inner values have the names that those of the others have. */
const attentionOf = ({ domain, name, softmax }: Local) => ({
	domain,
	name,
	input: ['x', 'w'],
	output: ['out'],
	opsetImport: [{ domain: '', version: 17n }],
	node: [
		node('MatMul', ['x', 'w'], ['q']),
		node('Transpose', ['q'], ['k'], { perm: [0, 2, 1] }),
		node('MatMul', ['q', 'k'], ['scores']),
		softmax
			? node(softmax.name, ['scores'], ['weights'], {}, { domain: softmax.domain, name: '' })
			: node('Softmax', ['scores'], ['weights'], { axis: -1 }),
		node('MatMul', ['weights', 'q'], ['out']),
	],
});

const softmaxOf = ({ domain, name }: Local) => ({
	domain,
	name,
	input: ['scores'],
	output: ['y'],
	opsetImport: [{ domain: '', version: 17n }],
	node: [
		node('Identity', ['scores'], ['weights']),
		node('Softmax', ['weights'], ['q'], { axis: -1 }),
		node('Identity', ['q'], ['y']),
	],
});

/** A model that calls functions one after the other, by nodes of their names or of none. */
async function linksOf(locals: readonly Local[], files: readonly PythonFile[], nodeName?: string) {
	const calls = locals.map(
		({ domain, name }, at) =>
		node(name, [at === 0 ? 'x' : `y${at - 1}`, `layer${at}.weight`], [`y${at}`], {}, {
			domain,
			name: nodeName ?? `call${at}`,
		}), // prettier-ignore
	);
	const inner = locals.flatMap(({ softmax }) => softmax ?? []);
	const bytes = model(
		{
			node: calls,
			input: [value('x', 'float32', [1, 5, 4])],
			output: [value(`y${locals.length - 1}`, 'float32', [1, 5, 4])],
			initializer: locals.map((_, at) =>
				tensor(
					`layer${at}.weight`,
					[4, 4],
					Array.from({ length: 16 }, (__, i) => i / 9),
				),
			),
		},
		{ functions: [...locals.map(attentionOf), ...inner.map(softmaxOf)] },
	);
	const index = await indexModel(bytesSource(bytes));
	const sites = findSites(index);
	expect(sites).toHaveLength(locals.length);
	return sites.map(({ id }) =>
		linkSites(index, sites, files)
			.filter(({ site }) => site === id)
			.map(({ target, how, file, line }) => `${target} ${how} ${file.slice(10)}:${line}`),
	);
}

const classOf = (name: string, mark: string) => `class ${name}(nn.Module): #class
    def forward(self, x):
        q = x @ self.w
        return torch.softmax(q @ q.mT, -1) @ q #${mark}

`;
const files = python({
	'pkg/models/soft.py': `${classOf('Self', 'call')}${classOf('Cross', 'call')}`,
	'pkg/other.py': classOf('Cross', 'other'),
});
const expected = (at: number) => [
	`class function ${marked(files, 'class')[at]}`,
	`call function ${marked(files, 'call')[at]}`,
];

it.each([
	['by domain and name', 'models.soft', '', undefined],
	['by names that are counted', 'models.soft', '.1', undefined],
	['called by nodes without names', 'models.soft', '', ''],
	['of dynamo_export, by module and class joined', 'pkg.torch.2.1.0', '_layer_0_mixer_1', ''],
])('local functions with equal names inside are told apart: %s', async (_, domain, end, name) => {
	const joined = domain.startsWith('pkg') ? 'pkg_models_soft_' : '';
	const locals = ['Self', 'Cross'].map((own) => ({ domain, name: `${joined}${own}${end}` }));
	expect(await linksOf(locals, files, name)).toEqual([expected(0), expected(1)]);
});

it('a function of the exporter’s own is passed over for the one around it', async () => {
	const softmax = { domain: 'pkg.onnxscript.torch_lib', name: 'aten_softmax' };
	const local = { domain: 'pkg.models.soft', name: 'Cross', softmax };
	expect(await linksOf([local], files)).toEqual([expected(1)]);
});

it('a layer of PyTorch is nobody’s class', async () => {
	const own = python({ 'linear.py': classOf('Linear', 'call') });
	const local = { domain: 'pkg.torch.2.1.0', name: 'torch_nn_modules_linear_Linear_q_1' };
	expect(await linksOf([local], own)).toEqual([[]]);
});
