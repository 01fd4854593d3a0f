import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import esbuild from 'esbuild';
import { root } from './paths.mjs';
import { runScript, transcriptOf } from './processes.mjs';
import { ensureNodePackages, ensureSystemPackages } from './requirements.mjs';

// Runs `test/bench/*.ts`, each of which prints one JSON object, and prints them all as one, by name. `*-page.ts` is what
// one of them loads into a browser. `node scripts/bench.mjs NAME…` runs those only.

const output = '.cache/bench';

await runScript(async () => {
	process.chdir(root);
	await ensureNodePackages();
	const missing = await ensureSystemPackages(['browser']);
	if (missing !== undefined) console.warn(missing);
	const files = (await readdir('test/bench')).filter(
		(file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
	);
	const isPage = (file) => file.endsWith('-page.ts');
	const wanted = process.argv.slice(2);
	const programs = files
		.filter((file) => !isPage(file))
		.map((file) => basename(file, '.ts'))
		.filter((name) => wanted.length === 0 || wanted.includes(name));
	await bundle(files.filter(isPage), { platform: 'browser' });
	await bundle(
		files.filter((file) => !isPage(file)),
		{ platform: 'node', packages: 'external' },
	);
	const results = {};
	for (const name of programs) {
		const { code, text } = await transcriptOf(process.execPath, [
			'--expose-gc',
			`${output}/${name}.mjs`,
		]);
		const last = text.trim().split('\n').at(-1);
		if (code !== 0) throw new Error(`The benchmark ${name} ended with exit code ${code}`);
		results[name] = JSON.parse(last);
	}
	console.log(JSON.stringify(results, null, '\t'));
});

async function bundle(files, options) {
	await esbuild.build({
		entryPoints: files.map((file) => `test/bench/${file}`),
		outdir: output,
		outExtension: { '.js': '.mjs' },
		bundle: true,
		format: 'esm',
		loader: { '.wgsl': 'text' },
		define: { ATTNSCOPE_VERSION: '"bench"' },
		logLevel: 'warning',
		...options,
	});
}
