import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = at('../../.cache/gallery/');
await mkdir(folder, { recursive: true });

const shared = { bundle: true, loader: { '.wgsl': 'text' }, logLevel: 'error', outdir: folder };
await build({
	...shared,
	entryPoints: [at('page.ts')],
	format: 'iife',
	outExtension: { '.js': '.js' },
});
await build({
	...shared,
	entryPoints: [at('gallery.ts')],
	platform: 'node',
	format: 'esm',
	packages: 'external',
	outExtension: { '.js': '.mjs' },
});
const { makeGallery } = await import(`${folder}gallery.mjs`);
await makeGallery(folder, process.argv.slice(2));
