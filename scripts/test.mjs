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
	// what takes long to get ready does so beside the tiers before it
	const ready = new Map(chosen.map((name) => [name, prepared(name)]));
	for (const name of chosen) {
		console.log(`\n--- ${name}`);
		const { passed, failed, skipped } = await resultOf(name, ready.get(name));
		for (const test of skipped) console.log(`skipped: ${test}`);
		total.passed += passed;
		total.failed += failed;
	}
	console.log(`\n${total.passed} passed, ${total.failed} failed`);
	process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
});

/** What a tier needs made ready, under way; what goes wrong is said when the tier's turn has come. */
function prepared(name) {
	const preparation = Promise.resolve(tiers[name].prepare?.());
	preparation.catch(() => undefined);
	return preparation;
}

/** A tier that cannot even start is one failure. */
async function resultOf(name, preparation) {
	try {
		await preparation;
		return await tiers[name].run(filters);
	} catch (error) {
		console.error(error instanceof Error ? error.message : error);
		return { passed: 0, failed: 1, skipped: [] };
	}
}
