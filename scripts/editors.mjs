import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { delimiter, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cache } from './paths.mjs';
import { ensureSystemPackages } from './requirements.mjs';
import { outputOf, run, runScript } from './processes.mjs';

/**
 * The editors that journeys run in: code-server is VS Code with its extension host, served to a browser.
 * `node` is the version each was made for; its native modules are built against that one's headers.
 */
const editors = {
	current: { codeServer: '4.139.1', node: '24.21.0' },
	/** VS Code 1.100, the oldest that `engines.vscode` admits. */
	oldest: { codeServer: '4.100.3', node: '20.20.2' },
};

/**
 * Where an editor is, installed first where it is not there yet (some minutes: native modules are compiled).
 *
 * @param {'current' | 'oldest'} which
 * @returns {Promise<import('./code-server.d.mts').InstalledEditor>}
 */
export async function ensureEditor(which) {
	const { codeServer, node } = editors[which];
	const folder = resolve(cache, `editor-${which}`);
	const nodePackage = `node-${platform()}-${arch()}`;
	const nodeHome = resolve(folder, 'node_modules', nodePackage);
	const editor = {
		version: codeServer,
		node: resolve(nodeHome, 'bin/node'),
		entry: resolve(folder, 'node_modules/code-server/out/node/entry.js'),
	};
	const stamp = resolve(folder, 'installed');
	const wanted = `code-server ${codeServer}, node ${node}\n`;
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return editor;

	const obstacle =
		platform() === 'win32'
			? 'code-server does not run on Windows: open this folder in desktop VS Code and press F5'
			: await ensureSystemPackages(['editor']);
	if (obstacle !== undefined) throw new Error(obstacle);
	console.log(`Installing code-server ${codeServer} into ${folder}; this takes some minutes.`);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await install(process.execPath, folder, { [nodePackage]: node }, {});
	const both = { [nodePackage]: node, 'code-server': codeServer };
	await install(editor.node, folder, both, environmentFor(nodeHome));
	await writeFile(stamp, wanted);
	return editor;
}

/** What makes npm, and every npm that an install script starts, use the Node in `nodeHome` and build against its headers. */
function environmentFor(nodeHome) {
	return {
		PATH: `${resolve(nodeHome, 'bin')}${delimiter}${process.env.PATH}`,
		npm_config_nodedir: nodeHome,
		// npm 11 skips install scripts unless each is approved; code-server's runs npm again in folders of its own
		npm_config_dangerously_allow_all_scripts: 'true',
		// An npm 6 option that code-server 4.100's install script still insists on when root runs it
		npm_config_unsafe_perm: 'true',
	};
}

async function install(node, folder, dependencies, environment) {
	await writeFile(resolve(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
	await run(node, [npmEntry(), 'install', '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: folder,
		env: { ...process.env, ...environment },
	});
}

/** npm's own script, so that it runs in the Node that is asked for and not in the one its first line finds. */
function npmEntry() {
	const besideNode = resolve(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
	const found = [
		process.env.npm_execpath,
		besideNode,
		outputOf('npm', ['root', '-g'])?.trim() + '/npm/bin/npm-cli.js',
	].find((path) => path?.endsWith('npm-cli.js') && existsSync(path));
	if (found === undefined)
		throw new Error('npm is not installed beside Node: reinstall Node with npm');
	return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
	await runScript(async () => {
		for (const which of process.argv.slice(2).length > 0 ? process.argv.slice(2) : ['current'])
			await ensureEditor(which);
	});
