import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { root } from './paths.mjs';
import { exitCodeOf } from './processes.mjs';

/**
 * Runs vitest, its output shown as it comes.
 *
 * @param {string} tier names the report, `test-results/TIER.json`
 * @param {readonly string[]} args what to run
 * @param {Record<string, string>} [environment] added to this process's own
 * @returns {Promise<import('./tiers.mjs').Count>}
 */
export async function runVitest(tier, args, environment = {}) {
	// Absolute, since vitest takes a path from the folder of its configuration
	const report = resolve(root, `test-results/${tier}.json`);
	await rm(report, { force: true });
	const code = await exitCodeOf(
		process.execPath,
		[
			'node_modules/vitest/vitest.mjs',
			'run',
			'--reporter=default',
			'--reporter=json',
			`--outputFile.json=${report}`,
			...args,
		],
		{ env: { ...process.env, ...environment } },
	);
	if (!existsSync(report)) return { passed: 0, failed: 1, skipped: [] };
	const count = countOf(JSON.parse(readFileSync(report, 'utf8')));
	// An error outside every test, such as a rejected promise that nobody awaits, shows in the exit code alone
	return code === 0 || count.failed > 0 ? count : { ...count, failed: 1 };
}

/** A file that could not be loaded has no tests of its own and counts as one failure. */
function countOf({ testResults }) {
	const tests = testResults.flatMap(({ name, assertionResults }) =>
		assertionResults.map((test) => ({ ...test, file: relative(root, name) })),
	);
	const having = (status) => tests.filter((test) => test.status === status);
	const broken = testResults.filter(
		({ status, assertionResults }) =>
			status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
	);
	return {
		passed: having('passed').length,
		failed: having('failed').length + broken.length,
		skipped: tests
			.filter(({ status }) => status !== 'passed' && status !== 'failed')
			.map(({ file, fullName }) => `${file}: ${fullName}`),
	};
}
