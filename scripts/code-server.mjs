import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';

const startLimitMs = 60_000;
const stopLimitMs = 5_000;

export async function startCodeServer(options) {
	const { home, settings, asksForTrust = false, port = 0 } = options;
	await mkdir(resolve(home, 'User'), { recursive: true });
	await writeFile(resolve(home, 'User/settings.json'), JSON.stringify(settings, null, '\t'));
	const args = ['--auth=none', `--bind-addr=127.0.0.1:${port}`, '--ignore-last-opened'];
	if (!asksForTrust) args.push('--disable-workspace-trust');
	const server = spawnCodeServer(options, args);
	const ended = once(server.child, 'close').then(() => undefined);
	const stop = async () => {
		signalGroup(server.child, 'SIGTERM');
		const kill = setTimeout(() => signalGroup(server.child, 'SIGKILL'), stopLimitMs);
		await ended;
		clearTimeout(kill);
		// Extension hosts outlive a server that was killed; the group is theirs too
		signalGroup(server.child, 'SIGKILL');
	};
	try {
		return { url: await addressOf(server, ended), log: server.log, stop, ended };
	} catch (error) {
		await stop();
		throw error;
	}
}

export async function installExtension(options, vsix) {
	const server = spawnCodeServer(options, ['--force', `--install-extension=${vsix}`]);
	const [code] = await once(server.child, 'close');
	// code-server ends with 0 even where it refused the file
	if (code !== 0 || !server.log().includes('successfully installed'))
		throw new Error(`${vsix} could not be installed:\n${server.log()}`);
}

function spawnCodeServer({ editor, home, extensionsFolder }, args) {
	const common = [
		`--config=${resolve(home, 'config.yaml')}`,
		`--user-data-dir=${home}`,
		`--extensions-dir=${extensionsFolder}`,
		'--disable-telemetry',
		'--disable-update-check',
		'--disable-getting-started-override',
	];
	// A group of its own, so that the extension hosts end with the server; no gallery, so that nothing is fetched
	const child = spawn(editor.node, [editor.entry, ...common, ...args], {
		detached: true,
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, EXTENSIONS_GALLERY: '{}', XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
	});
	let printed = '';
	const keep = (chunk) => (printed += chunk);
	child.stdout.on('data', keep);
	child.stderr.on('data', keep);
	return { child, log: () => printed };
}

function addressOf({ child, log }, ended) {
	return new Promise((resolve, reject) => {
		const fail = (what) => reject(new Error(`code-server ${what}:\n${log()}`));
		const limit = setTimeout(() => fail(`does not listen after ${startLimitMs} ms`), startLimitMs);
		const look = () => {
			const address = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+\/)/.exec(log())?.[1];
			if (address === undefined) return;
			clearTimeout(limit);
			resolve(address);
		};
		child.stdout.on('data', look);
		child.once('error', reject);
		void ended.then(() => {
			clearTimeout(limit);
			fail('ended before it listened');
		});
	});
}

function signalGroup({ pid }, signal) {
	try {
		process.kill(-pid, signal);
	} catch (error) {
		if (error.code !== 'ESRCH') throw error;
	}
}
