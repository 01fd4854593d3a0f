import { root } from './paths.mjs';
import { runScript } from './processes.mjs';
import { ensureNodePackages, ensureSystemPackages } from './requirements.mjs';
import { tiers, usualTiers } from './tiers.mjs';

// `node scripts/test.mjs` runs every tier; `node scripts/test.mjs TIER [FILTER...]` one, of the tests that match.

const [only, ...filters] = process.argv.slice(2);

await runScript(async () => {
	process.chdir(root);
	if (only !== undefined && !(only in tiers))
		throw new Error(`${only} is no tier; there are ${Object.keys(tiers).join(', ')}`);
	const chosen = only === undefined ? usualTiers : [only];
	const total = { passed: 0, failed: 0 };
	await ensureNodePackages();
	const missing = await ensureSystemPackages(chosen.flatMap((name) => tiers[name].needs));
	if (missing !== undefined) console.warn(missing);
	for (const name of chosen) {
		console.log(`\n--- ${name}`);
		const { passed, failed, skipped } = await resultOf(name);
		for (const test of skipped) console.log(`skipped: ${test}`);
		total.passed += passed;
		total.failed += failed;
	}
	console.log(`\n${total.passed} passed, ${total.failed} failed`);
	process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
});

/** A tier that cannot even start is one failure. */
async function resultOf(name) {
	try {
		return await tiers[name].run(filters);
	} catch (error) {
		console.error(error instanceof Error ? error.message : error);
		return { passed: 0, failed: 1, skipped: [] };
	}
}
