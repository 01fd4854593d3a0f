import { defineConfig } from 'vitest/config';

/** Where a test's name ends says what it needs: `.gpu.test.ts` a WebGPU adapter, the rest only Node. */
const wgslAsText = {
	name: 'wgsl-as-text',
	transform: (source: string, id: string) =>
		id.endsWith('.wgsl') ? { code: `export default ${JSON.stringify(source)}`, map: null } : null,
};
const ignored = ['**/node_modules/**', 'dist/**', '.cache/**', 'test/e2e/**'];

export default defineConfig({
	plugins: [wgslAsText],
	define: { ATTNSCOPE_VERSION: JSON.stringify('0.0.0-test') },
	test: {
		projects: [
			{
				extends: true,
				test: {
					name: 'unit',
					// the first session of a process compiles onnxruntime's WebAssembly
					testTimeout: 30_000,
					include: ['**/*.test.ts'],
					exclude: [...ignored, '**/*.gpu.test.ts'],
				},
			},
			{
				extends: true,
				test: {
					name: 'gpu',
					include: ['**/*.gpu.test.ts'],
					exclude: ignored,
					testTimeout: 60_000,
					hookTimeout: 60_000,
				},
			},
		],
	},
});
