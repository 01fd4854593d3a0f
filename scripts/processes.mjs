import { spawn, spawnSync } from 'node:child_process';

/**
 * Runs a program to its end, its output shown as it comes.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit code; 1 where a signal ended it
 */
export function exitCodeOf(program, args, options = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { stdio: 'inherit', ...options });
		child.once('error', reject);
		child.once('close', (code) => resolve(code ?? 1));
	});
}

/** As {@link exitCodeOf}, but anything else than 0 is an error that names the command. */
export async function run(program, args, options) {
	const code = await exitCodeOf(program, args, options);
	if (code !== 0)
		throw new Error(`\`${[program, ...args].join(' ')}\` ended with exit code ${code}`);
}

/** As {@link exitCodeOf}, with what the program printed. */
export function transcriptOf(program, args, options = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
		let text = '';
		for (const [stream, shown] of [
			[child.stdout, process.stdout],
			[child.stderr, process.stderr],
		])
			stream.on('data', (chunk) => {
				text += chunk;
				shown.write(chunk);
			});
		child.once('error', reject);
		child.once('close', (code) => resolve({ code: code ?? 1, text }));
	});
}

/** What a program prints, or undefined where it is missing or fails. */
export function outputOf(program, args) {
	const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
	return status === 0 ? stdout : undefined;
}

export const isInstalled = (program) =>
	outputOf('sh', ['-c', `command -v ${program}`]) !== undefined;

/** Runs `main`; where it throws, prints the sentence alone and ends with exit code 1. */
export async function runScript(main) {
	try {
		await main();
	} catch (error) {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	}
}
