import { parseArgs } from 'node:util';

const options = {
	json: { type: 'boolean' },
	view: { type: 'string' },
	input: { type: 'string' },
	source: { type: 'string' },
	help: { type: 'boolean', short: 'h' },
} as const;

export type Command =
	| { readonly name: 'help' }
	| {
			readonly name: 'inspect';
			readonly model: string;
			readonly json: boolean;
			/** Folder of the model's code; where none is given, the project around the model. */
			readonly source: string | undefined;
	  }
	| {
			readonly name: 'run';
			readonly model: string;
			readonly view: string;
			readonly input: string | undefined;
			readonly json: boolean;
			/** Fields of the view's state, by name. */
			readonly fields: Readonly<Record<string, string | number | boolean>>;
	  };

export const usage = `Usage:
  attnscope inspect MODEL.onnx [--source FOLDER] [--json]
  attnscope run MODEL.onnx [--view NAME] [--input FILE.json] [--json] [--SETTING [VALUE] …]

Settings are those of the view, such as --force linear of token-routing.`;

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
	const [own, fields] = splitFields(args);
	const { values, positionals } = read(own);
	const [name, model, ...rest] = positionals;
	if (values.help || name === undefined || name === 'help') return { name: 'help' };
	if (name !== 'inspect' && name !== 'run') {
		throw new UsageError(`Expected the command inspect or run; got ${name}`);
	}
	if (model === undefined) throw new UsageError(`${name} expects a model file`);
	if (rest.length > 0)
		throw new UsageError(`${name} expects one model file; got also ${rest.join(' ')}`);
	const { json = false, view = 'attention', input, source } = values;
	if (name === 'run') {
		if (source !== undefined) throw new UsageError('run has no option --source');
		return { name, model, view, input, json, fields };
	}
	const [strange] = Object.keys(fields);
	if (strange !== undefined) throw new UsageError(`inspect has no option --${strange}`);
	return { name, model, json, source };
}

/** Options that are not the command's own are settings of a view: `--name VALUE`, or `--name` alone for yes. */
function splitFields(
	args: readonly string[],
): [own: string[], fields: Record<string, string | number | boolean>] {
	const own: string[] = [];
	const fields: Record<string, string | number | boolean> = {};
	for (let at = 0; at < args.length; at++) {
		const arg = args[at]!;
		const [, name, given] = /^--([a-z][\w-]*)(?:=(.*))?$/is.exec(arg) ?? [];
		if (name === undefined || name in options) {
			own.push(arg);
			continue;
		}
		const next = args[at + 1];
		const value = given ?? (next === undefined || next.startsWith('--') ? undefined : args[++at]);
		fields[camelCase(name)] = valueOf(value);
	}
	return [own, fields];
}

const camelCase = (name: string) =>
	name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function valueOf(text: string | undefined): string | number | boolean {
	if (text === undefined || text === 'true') return true;
	if (text === 'false') return false;
	const number = Number(text);
	return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

function read(args: readonly string[]) {
	try {
		return parseArgs({ args: [...args], allowPositionals: true, options });
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}
