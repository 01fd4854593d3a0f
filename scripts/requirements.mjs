import { existsSync, readFileSync } from 'node:fs';
import { exitCodeOf, isInstalled, outputOf, run } from './processes.mjs';

/** What the machine must bring, by what it is for: Debian's package names, each with a file or a program that shows it is there. */
export const systemPackages = {
	editor: [
		{ name: 'build-essential', present: () => isInstalled('make') && isInstalled('g++') },
		{ name: 'pkg-config', present: () => isInstalled('pkg-config') },
		{ name: 'python3', present: () => isInstalled('python3') },
	],
	// Chromium brings SwiftShader too, the software GPU of the shader tests
	browser: [{ name: 'chromium', present: () => existsSync('/usr/bin/chromium') }],
	samples: [
		{ name: 'python3-torch', present: () => canImport('torch') },
		{ name: 'python3-onnx', present: () => canImport('onnx') },
		// Debian's default BLAS takes ten times as long over the samples' small matrices
		{
			name: 'libopenblas0-openmp',
			present: () => outputOf('dpkg-query', ['-W', 'libopenblas0-openmp']) !== undefined,
		},
	],
};

export const python = '/usr/bin/python3';

export function canImport(module) {
	return outputOf(python, ['-c', `import ${module}`]) !== undefined;
}

/**
 * Installs what is missing, where that is possible.
 *
 * @param {readonly (keyof typeof systemPackages)[]} purposes
 * @returns {Promise<string | undefined>} where it is not, the sentence that says what to install
 */
export async function ensureSystemPackages(purposes) {
	const missing = [...new Set(purposes)]
		.flatMap((purpose) => systemPackages[purpose])
		.filter(({ present }) => !present())
		.map(({ name }) => name);
	if (missing.length === 0) return undefined;
	const canInstall = isInstalled('apt-get') && process.getuid?.() === 0;
	if (canInstall && (await aptInstall(missing))) return undefined;
	return `Missing on this machine: ${missing.join(', ')}. On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}`;
}

/** Whether it went well; apt says itself what did not. */
async function aptInstall(packages) {
	const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
	await exitCodeOf('apt-get', ['update', '-q'], options);
	const install = ['install', '-q', '-y', '--no-install-recommends', ...packages];
	return (await exitCodeOf('apt-get', install, options)) === 0;
}

/** Runs `npm ci` unless node_modules holds exactly what package-lock.json says. */
export async function ensureNodePackages() {
	const major = Number(process.versions.node.split('.')[0]);
	if (major < 20) throw new Error(`Node 20 or newer is needed; this is ${process.version}`);
	// No package that is used here needs its install script, and npm 10 and 11 differ in whether they would run it
	if (!isUpToDate()) await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
}

function isUpToDate() {
	const installedList = 'node_modules/.package-lock.json';
	if (!existsSync(installedList)) return false;
	const installed = JSON.parse(readFileSync(installedList, 'utf8')).packages;
	const wanted = Object.entries(JSON.parse(readFileSync('package-lock.json', 'utf8')).packages);
	return wanted.every(
		([path, { version, optional, devOptional }]) =>
			path === '' || optional || devOptional || installed[path]?.version === version,
	);
}
