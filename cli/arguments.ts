import { parseArgs } from 'node:util';

export type Command =
	| { readonly name: 'help' }
	| { readonly name: 'inspect'; readonly model: string; readonly json: boolean }
	| {
			readonly name: 'run';
			readonly model: string;
			readonly view: string;
			readonly input: string | undefined;
			readonly json: boolean;
			/** Of a view that can force routes: which, such as `softmax` or `linear`. */
			readonly force: string | undefined;
	  };

export const usage = `Usage:
  attnscope inspect MODEL.onnx [--json]
  attnscope run MODEL.onnx [--view NAME] [--input FILE.json] [--force softmax|linear] [--json]`;

/** The command line is not one of those in `usage`. */
export class UsageError extends Error {
	override readonly name = 'UsageError';
}

/**
 * Reads a command line.
 *
 * @param args without the names of runtime and script
 * @throws UsageError with a sentence
 */
export function parseArguments(args: readonly string[]): Command {
	const { values, positionals } = read(args);
	const [name, model, ...rest] = positionals;
	if (values.help || name === undefined || name === 'help') return { name: 'help' };
	if (name !== 'inspect' && name !== 'run') {
		throw new UsageError(`Expected the command inspect or run; got ${name}`);
	}
	if (model === undefined) throw new UsageError(`${name} expects a model file`);
	if (rest.length > 0)
		throw new UsageError(`${name} expects one model file; got also ${rest.join(' ')}`);
	const { json = false, view = 'attention', input, force } = values;
	if (force !== undefined && force !== 'softmax' && force !== 'linear') {
		throw new UsageError(`--force expects softmax or linear; got ${force}`);
	}
	return name === 'inspect' ? { name, model, json } : { name, model, view, input, json, force };
}

function read(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: true,
			options: {
				json: { type: 'boolean' },
				view: { type: 'string' },
				input: { type: 'string' },
				force: { type: 'string' },
				help: { type: 'boolean', short: 'h' },
			},
		});
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}
