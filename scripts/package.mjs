import { pathToFileURL } from 'node:url';
import { vsix } from './paths.mjs';
import { run, runScript } from './processes.mjs';
import { ensureNodePackages } from './requirements.mjs';

/** Builds, and packs the result with the files that `.vscodeignore` admits. */
export async function packageExtension() {
	await run(process.execPath, ['scripts/build.mjs']);
	await run(process.execPath, [
		'node_modules/@vscode/vsce/vsce',
		'package',
		'--no-dependencies',
		'--allow-missing-repository',
		// Without a public repository there is nothing that the README's relative links could be rewritten to
		'--no-rewrite-relative-links',
		`--out=${vsix}`,
	]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
	await runScript(async () => {
		await ensureNodePackages();
		await packageExtension();
	});
