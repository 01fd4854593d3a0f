import { existsSync, readdirSync } from 'node:fs';
import { ensureEditor } from './editors.mjs';
import { packageExtension } from './package.mjs';
import { vsix } from './paths.mjs';
import { exitCodeOf, transcriptOf } from './processes.mjs';
import { canImport, python, systemPackages } from './requirements.mjs';
import { runVitest } from './vitest.mjs';

/**
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} skipped by name
 */

/**
 * Every tier in the order that `npm test` runs them: cheap first. Named by the script that runs one alone, each with
 * what it needs of the machine.
 *
 * @type {Record<string, {
 *   needs: (keyof typeof systemPackages)[],
 *   prepare?: () => Promise<unknown>,
 *   run: (filters: readonly string[]) => Promise<Count>,
 * }>}
 */
export const tiers = {
	typecheck: { needs: [], run: checkTypes },
	lint: {
		needs: [],
		run: () => oneCheck(['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.']),
	},
	'format:check': {
		needs: [],
		run: () => oneCheck(['node_modules/prettier/bin/prettier.cjs', '--check', '.']),
	},
	unit: {
		needs: [],
		run: (filters) => runVitest('unit', ['--project', 'unit', ...filters]),
	},
	gpu: {
		needs: ['browser'],
		run: (filters) => runVitest('gpu', ['--project', 'gpu', ...filters], gpuEnvironment()),
	},
	samples: { needs: ['samples'], run: testSamples },
	e2e: {
		needs: ['editor', 'browser'],
		prepare: () => ensureEditor('current'),
		run: (filters) => testInEditor('current', filters),
	},
	'e2e:oldest': {
		needs: ['editor', 'browser'],
		run: (filters) => testInEditor('oldest', filters),
	},
};

/** All but the journey in the oldest editor, which is a command of its own. */
export const usualTiers = Object.keys(tiers).filter((name) => name !== 'e2e:oldest');

/** One pass a folder, since each sees other globals. */
function checkTypes() {
	const tsc = 'node_modules/typescript/bin/tsc';
	return oneCheck(
		...['.', 'extension', 'webview', 'kernels'].map((folder) => [tsc, '--project', folder]),
	);
}

/** @returns {Promise<Count>} one check, however many commands it takes */
async function oneCheck(...commands) {
	const codes = [];
	for (const command of commands) codes.push(await exitCodeOf(process.execPath, command));
	return codes.every((code) => code === 0)
		? { passed: 1, failed: 0, skipped: [] }
		: { passed: 0, failed: 1, skipped: [] };
}

/** Chromium's software GPU, where there is no other; a missing adapter fails the tests. */
function gpuEnvironment() {
	const folder = '/usr/lib/chromium';
	const driver = `${folder}/vk_swiftshader_icd.json`;
	const software = { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: folder };
	return { REQUIRE_GPU: '1', ...(existsSync(driver) ? software : {}) };
}

/** The samples' Python tests, `samples/tests/test_*.py`. */
async function testSamples() {
	if (!canImport('torch') || !canImport('onnx')) {
		const needed = systemPackages.samples.map(({ name }) => name).join(', ');
		const skipped = readdirSync('samples/tests')
			.filter((file) => /^test_.*\.py$/.test(file))
			.map((file) => `samples/tests/${file}: needs ${needed}`);
		return { passed: 0, failed: 0, skipped };
	}
	const { code, text } = await transcriptOf(
		python,
		['-m', 'unittest', 'discover', '--verbose', '--start-directory', 'samples'],
		// OpenMP's threads would otherwise spin while they wait for each other
		{ env: { ...process.env, OMP_WAIT_POLICY: 'passive' } },
	);
	const results = [...text.matchAll(/^(.*) \.\.\. (?:.*\n)*?(ok|FAIL|ERROR|skipped .*)$/gm)];
	const having = (pattern) => results.filter(([, , result]) => pattern.test(result));
	return {
		passed: having(/^ok$/).length,
		failed: code === 0 ? 0 : Math.max(1, having(/^(FAIL|ERROR)$/).length),
		skipped: having(/^skipped/).map(([, name, result]) => `${name}: ${result}`),
	};
}

/** Journeys in a real VS Code with the extension that was just packed. */
async function testInEditor(which, filters) {
	const editor = await ensureEditor(which);
	await packageExtension();
	return runVitest(
		which === 'current' ? 'e2e' : 'e2e-oldest',
		['--config', 'test/e2e/vitest.config.ts', ...filters],
		{
			ATTNSCOPE_EDITOR: JSON.stringify(editor),
			ATTNSCOPE_VSIX: vsix,
			ATTNSCOPE_SPECS: which === 'current' ? '*' : 'smoke',
		},
	);
}
