import { defineConfig } from 'vitest/config';

const specs = process.env.ATTNSCOPE_SPECS ?? '*';

export default defineConfig({
	test: {
		name: 'e2e',
		root: import.meta.dirname,
		include: [`specs/${specs}.spec.ts`],
		globalSetup: ['harness/install.ts'],
		// One editor and one browser already ask for more than the two cores there are
		fileParallelism: false,
		// The slowest journey measured takes 40 s on two cores with a software GPU
		testTimeout: 180_000,
		hookTimeout: 120_000,
	},
});
