import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
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
	await npmInstall(process.execPath, folder, { [nodePackage]: node }, process.env);
	await installCodeServer(folder, editor.node, { [nodePackage]: node, ...packagesOf(codeServer) });
	await writeFile(stamp, wanted);
	return editor;
}

const ripgrep = '@vscode/ripgrep-universal';
const packagesOf = (codeServer) => ({ 'code-server': codeServer, [ripgrep]: '1.18.0' });

/**
 * Optional to a server, and longest to compile: the settings of desktop windows, and signing in at a proxy, for which
 * the machine would have to bring headers too.
 */
const spared = ['@vscode/sqlite3', 'kerberos'];

/**
 * Packages first and their install scripts after, since in between one is spared a download from elsewhere: the older
 * code-server's ripgrep fetches its program unless it is there already.
 */
async function installCodeServer(folder, node, packages) {
	const environment = environmentFor(dirname(dirname(node)));
	const modules = resolve(folder, 'node_modules');
	const vscode = resolve(modules, 'code-server/lib/vscode');
	await npmInstall(node, folder, packages, environment);
	await npm(node, vscode, ['install', '--ignore-scripts', '--omit=dev'], environment);
	for (const name of spared)
		await rm(resolve(vscode, 'node_modules', name), { recursive: true, force: true });
	const downloader = resolve(vscode, 'node_modules/@vscode/ripgrep');
	if (existsSync(downloader))
		await cp(resolve(modules, ripgrep, `bin/${platform()}-${arch()}`), resolve(downloader, 'bin'), {
			recursive: true,
		});
	await npm(node, vscode, ['rebuild'], environment);
	await npm(node, folder, ['rebuild'], environment);
}

/** What makes npm, and every npm that an install script starts, use the Node in `nodeHome` and build against its headers. */
function environmentFor(nodeHome) {
	// Under `npm run` they speak of the npm, the Node and the folder of that one
	const stale = new Set(['npm_config_user_agent', 'npm_config_local_prefix']);
	const environment = Object.entries(process.env).filter(([name]) => !stale.has(name));
	return {
		...Object.fromEntries(environment),
		PATH: `${resolve(nodeHome, 'bin')}${delimiter}${process.env.PATH}`,
		npm_config_nodedir: nodeHome,
		// npm 11 skips install scripts unless each is approved; code-server's runs npm again in folders of its own
		npm_config_dangerously_allow_all_scripts: 'true',
		// One of them starts node-gyp by npx, which asks before it fetches it, and there is nobody to answer
		npm_config_yes: 'true',
		// An npm 6 option that code-server 4.100's install script still insists on when root runs it
		npm_config_unsafe_perm: 'true',
	};
}

async function npmInstall(node, folder, dependencies, environment) {
	await writeFile(resolve(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
	await npm(node, folder, ['install', '--ignore-scripts'], environment);
}

function npm(node, folder, args, env) {
	const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
	// the tiers that run meanwhile come first
	return run('nice', ['-n', '15', node, npmEntry(), ...args, ...quiet], { cwd: folder, env });
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
