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
		// A journey drives three programs that are not ours; one that fails twice is broken, and a retry shows in the report
		retry: process.env.CI ? 1 : 0,
		// Above what `journey` allows itself, so that it can still say what it saw
		testTimeout: 330_000,
		hookTimeout: 120_000,
	},
});
