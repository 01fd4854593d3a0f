import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { URLSearchParams } from 'node:url';
import { installExtension, startCodeServer } from './code-server.mjs';
import { ensureEditor } from './editors.mjs';
import { packageExtension } from './package.mjs';
import { root, vsix } from './paths.mjs';
import { isInstalled, run, runScript } from './processes.mjs';
import { ensureNodePackages } from './requirements.mjs';

const samples = resolve(root, 'samples');
const firstModel = 'mqar-softmax/model.onnx';

const settings = {
	'workbench.startupEditor': 'none',
	'chat.disableAIFeatures': true,
	'workbench.secondarySideBar.defaultVisibility': 'hidden',
	// Elsewhere a person chooses; here the model is what one came to see
	'workbench.editorAssociations': { '*.onnx': 'attnscope.model' },
};

await runScript(async () => {
	process.chdir(root);
	await ensureNodePackages();
	await packageExtension();
	const home = await mkdtemp(resolve(tmpdir(), 'attnscope-'));
	try {
		if (hasDesktopEditor() && !process.argv.includes('--browser')) await startDesktop(home);
		else await startInBrowser(home);
	} finally {
		await rm(home, { recursive: true, force: true, maxRetries: 5 });
	}
});

/** Desktop VS Code refuses to run as root, and on Linux needs a display. */
function hasDesktopEditor() {
	const hasDisplay =
		process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
	return Boolean(hasDisplay) && process.getuid?.() !== 0 && isInstalled('code');
}

/** A profile of its own, so that nothing of the person's own settings and extensions is touched. */
async function startDesktop(home) {
	const profile = [`--user-data-dir=${home}`, `--extensions-dir=${resolve(home, 'extensions')}`];
	await run('code', [...profile, `--install-extension=${vsix}`]);
	console.log('VS Code opens the samples; this command ends when its window is closed.');
	const model = resolve(samples, firstModel);
	await run('code', [
		...profile,
		'--new-window',
		'--wait',
		'--disable-workspace-trust',
		samples,
		model,
	]);
}

async function startInBrowser(home) {
	const editor = await ensureEditor('current');
	const workspace = resolve(home, 'samples');
	await cp(samples, workspace, { recursive: true });
	const options = { editor, home, extensionsFolder: resolve(home, 'extensions') };
	await installExtension(options, vsix);
	const server = await startCodeServer({
		...options,
		settings,
		port: Number(process.env.PORT ?? 0),
	});
	try {
		const { host } = new URL(server.url);
		const model = `vscode-remote://${host}${resolve(workspace, firstModel)}`;
		const payload = JSON.stringify([['openFile', model]]);
		const query = new URLSearchParams({ folder: workspace, payload });
		console.log(`\nAttnscope runs in VS Code at\n\n  ${server.url}?${query}\n\nCtrl-C ends it.`);
		await Promise.race([server.ended, interrupted()]);
	} finally {
		await server.stop();
	}
}

/** Settles on Ctrl-C. */
function interrupted() {
	return new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}
