import { parseArguments, usage, UsageError } from './arguments.ts';

/** Something about the model, the input or the command is not as it should be: a sentence says what. */
const BAD_INPUT = 2;
/** Errors whose message is a sentence for the user. */
const spoken = new Set(['FormatError', 'InputError', 'RunError', 'UsageError', 'KernelError']);

async function main(args: readonly string[]): Promise<void> {
	const command = parseArguments(args);
	switch (command.name) {
		case 'help':
			process.stdout.write(`${usage}\n`);
			return;
		case 'inspect': {
			const { inspect, inspectionText } = await import('./inspect.ts');
			const inspection = await inspect(command.model, command.source);
			print(command.json ? JSON.stringify(inspection) : inspectionText(inspection));
			return;
		}
		case 'run': {
			const { run } = await import('./run.ts');
			const ort = await import('onnxruntime-web');
			const report = await run({
				model: command.model,
				view: command.view,
				input: command.input,
				fields: command.fields,
				ort,
			});
			print(command.json ? JSON.stringify(report) : report.description);
		}
	}
}

const print = (text: string) => process.stdout.write(`${text}\n`);

/** One sentence, without a stack: whatever went wrong, the user can only act on what is said. */
function sentenceOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { code } = error as NodeJS.ErrnoException;
	if (code === 'ENOENT')
		return `There is no such file: ${(error as NodeJS.ErrnoException).path ?? ''}`;
	if (code === 'EISDIR') return 'Expected an ONNX file; this is a folder';
	return spoken.has(error.name) ? error.message : `${error.name}: ${error.message}`;
}

try {
	await main(process.argv.slice(2));
} catch (error) {
	process.stderr.write(`${sentenceOf(error).replace(/\s*\n\s*/g, ' ')}\n`);
	if (error instanceof UsageError) process.stderr.write(`${usage}\n`);
	process.exitCode = BAD_INPUT;
}
