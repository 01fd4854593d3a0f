import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { chdir } from 'node:process';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

chdir(fileURLToPath(new URL('..', import.meta.url)));

const watching = process.argv.includes('--watch');
const ortFolder = 'node_modules/onnxruntime-web/dist';

/**
 * What `onnxruntime-web/webgpu` is at run time: the WASM that holds both the WebGPU and the CPU backend, and for the
 * command line the script. The JSPI build is 10 MB smaller, but the oldest editor's Chromium has no JSPI.
 */
const ortFiles = ['ort.webgpu.bundle.min.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'];

const host = { platform: 'node', target: 'node20' };
const page = { platform: 'browser', target: 'chrome130' };
// The command line loads onnxruntime-web from `dist/ort` while it runs, and only to run a model.
const ortAtRunTime = ['onnxruntime-web', 'onnxruntime-web/*'];

/** The host's bundle is read whenever the editor starts it. */
const hostBundle = 'dist/extension.cjs';
const maxHostBytes = 500_000;

/** Read by the host only when a picture, a text or a file of Python has to be read; each a file of its own beside it. */
const onDemand = {
	'jpeg-js': './jpeg-js.cjs',
	'@huggingface/tokenizers': './tokenizers.cjs',
	'@lezer/python': './lezer-python.cjs',
};

/** Those that are imported at the head of a file, since their callers cannot wait: loaded by the first call. */
const atFirstCall = {
	'@lezer/python': `exports.parser = { parse: (text) => require('./lezer-python.cjs').parser.parse(text) };`,
};

/** @type {import('esbuild').Plugin} */
const leaveOnDemand = {
	name: 'leave-on-demand',
	setup(build) {
		const names = new RegExp(`^(${Object.keys(onDemand).join('|')})$`);
		build.onResolve({ filter: names }, ({ path }) =>
			path in atFirstCall
				? { path, namespace: 'at-first-call' }
				: { path: onDemand[path], external: true },
		);
		build.onLoad({ filter: /./, namespace: 'at-first-call' }, ({ path }) => ({
			contents: atFirstCall[path],
		}));
		build.onResolve({ filter: /^\.\//, namespace: 'at-first-call' }, ({ path }) => ({
			path,
			external: true,
		}));
	},
};

/** @type {readonly (import('esbuild').BuildOptions & { entry: string })[]} */
const bundles = [
	{
		entry: 'extension/extension.ts',
		// `.cjs` because package.json says `module`, which extension hosts read only since VS Code 1.100 and in Node alone
		outfile: hostBundle,
		...host,
		format: 'cjs',
		external: ['vscode'],
		plugins: [leaveOnDemand],
	},
	...Object.entries(onDemand).map(([name, file]) => ({
		entry: `./node_modules/${name}`,
		outfile: `dist/${basename(file)}`,
		...host,
		format: /** @type {const} */ ('cjs'),
	})),
	{ entry: 'webview/app/main.ts', outfile: 'dist/webview.js', ...page, format: 'iife' },
	{
		entry: 'webview/runtime/worker.ts',
		outfile: 'dist/worker.js',
		...page,
		format: 'esm',
	},
	{
		entry: 'cli/main.ts',
		outfile: 'dist/cli.js',
		...host,
		format: 'esm',
		external: ortAtRunTime,
		banner: { js: '#!/usr/bin/env node' },
	},
];

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const common = {
	bundle: true,
	// A run's manifest says which version made it
	define: { ATTNSCOPE_VERSION: JSON.stringify(version) },
	minify: !watching,
	sourcemap: watching ? 'inline' : false,
	loader: { '.wgsl': 'text', '.ttf': 'dataurl', '.svg': 'text' },
	legalComments: 'none',
	logLevel: 'warning',
};

function optionsOf({ entry, ...options }) {
	return { ...common, ...options, entryPoints: [entry] };
}

async function checkSize({ outfile }) {
	const { size } = await stat(outfile);
	console.log(`${outfile}  ${(size / 1000).toFixed(0)} kB`);
	if (outfile === hostBundle && size > maxHostBytes)
		throw new Error(`${outfile} has ${size} bytes, and at most ${maxHostBytes} are allowed`);
}

async function copyOrt() {
	await mkdir('dist/ort', { recursive: true });
	for (const file of ortFiles) await copyFile(`${ortFolder}/${file}`, `dist/ort/${basename(file)}`);
}

const present = bundles.filter(({ entry }) => {
	const exists = existsSync(entry);
	if (!exists) console.warn(`${entry} does not exist: its bundle is left out`);
	return exists;
});

if (!watching) await rm('dist', { recursive: true, force: true });
await copyOrt();
if (watching) {
	for (const bundle of present) await (await esbuild.context(optionsOf(bundle))).watch();
	console.log('Watching. Ctrl-C ends it.');
} else {
	await Promise.all(present.map((bundle) => esbuild.build(optionsOf(bundle))));
	for (const bundle of present) await checkSize(bundle);
}
