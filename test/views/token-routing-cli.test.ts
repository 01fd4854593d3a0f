import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { expect, it } from 'vitest';
import { inspect } from '../../cli/inspect.ts';
import { run } from '../../cli/run.ts';

const model = join(import.meta.dirname, '../../samples/natsl/model.onnx');

interface Routes {
	readonly layers: readonly {
		readonly account: { readonly share: number; readonly rows: number };
		readonly decisions: readonly (readonly number[])[];
		readonly shown: readonly (readonly number[])[];
	}[];
	readonly tries: readonly {
		readonly name: string;
		readonly changed: readonly number[];
		readonly right: number;
		readonly logitChange: number;
	}[];
}

// two runs of the model on a machine that may be busy
it(
	'tells shares, decisions and proofs without an editor, and with other routes what they change',
	{ timeout: 120_000 },
	async () => {
		const fields = { flips: '32,48' };
		const { description, data, proof } = await run({
			model,
			view: 'token-routing',
			input: undefined,
			fields,
			ort,
		});
		const { layers, tries } = data as Routes;
		expect(proof.map(({ verified }) => verified)).toEqual([true, true, true, true]);
		const [, last] = layers;
		expect(last!.account.share).toBe(last!.decisions.flat().filter((one) => one === 1).length / 32);
		// the first chunk of each head of layer 1: cells are counted over both layers
		expect(last!.shown.map(([first]) => first)).toEqual(
			last!.decisions.map(([first]) => 1 - first!),
		);
		expect(tries).toHaveLength(1);
		expect(tries[0]!.name).toBe('2 flipped');
		expect(tries[0]!.logitChange).toBeGreaterThan(0);
		expect(tries[0]!.changed.length).toBeGreaterThan(0);
		expect(description).toMatch(
			/^2 flipped: \d+ of 16 answers are right \(16 unforced\), \d+ answers of 16 change/,
		);
	},
);

it('ties both layers to the line that chooses their routes', async () => {
	const { codeLinks } = await inspect(model);
	const routes = codeLinks.filter(({ target }) => target === 'route');
	expect(routes.map(({ site }) => site)).toEqual(['/layers.0/mixer', '/layers.1/mixer']);
	for (const { file, line, found } of routes) {
		expect(found).toBe(true);
		expect(readFileSync(file, 'utf8').split('\n')[line - 1]).toContain('torch.cat([choice');
	}
});
