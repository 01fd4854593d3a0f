import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { views } from '../../webview/app/views.ts';
import { sceneToSvg } from '../../webview/draw/svg.ts';
import { darkTheme, lightTheme, type ThemeKind } from '../../webview/draw/theme.ts';
import type { Scene, Size } from '../../webview/view-api/scene.ts';
import { runSample, settledScene } from './run-sample.ts';

const SAMPLES = 'samples';
const widths = [280, 420, 1200];
const themes: ThemeKind[] = ['dark', 'light', 'hc-dark', 'hc-light'];

/** Draws every view of every sample that it fits; `only` names views, all of them where it is empty. */
export async function makeGallery(folder: string, only: readonly string[]): Promise<void> {
	const browser = await chromium.launch({
		executablePath: '/usr/bin/chromium',
		args: [
			...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
			...['--disable-background-networking', '--disable-component-update'],
		],
	});
	try {
		const page = await browser.newPage({ deviceScaleFactor: 2 });
		await page.addScriptTag({ content: await readFile(join(folder, 'page.js'), 'utf8') });
		const shoot = async (name: string, scene: Scene, kind: ThemeKind) => {
			await page.setViewportSize({ width: scene.width + 24, height: 400 });
			await page.evaluate(({ text, kind: theme }) => window.show(text, theme), {
				text: JSON.stringify(scene, written),
				kind,
			});
			await page.screenshot({ path: join(folder, `${name}-${kind}.png`), fullPage: true });
		};
		for (const sample of ['mqar-softmax', 'natsl']) {
			for (const view of views.filter(({ id }) => only.length === 0 || only.includes(id))) {
				const open = await runSample(join(SAMPLES, sample), view);
				if (!open) continue;
				for (const width of widths) {
					const size: Size = { width, height: 760, characterWidth: 6.65, lineHeight: 16 };
					const scene = await settledScene(open, size);
					console.log(`${sample} ${view.id} ${width}: ${scene.description}\n  ${scene.readout}`);
					const kinds = width === 1200 ? themes : themes.slice(0, 2);
					for (const kind of kinds) await shoot(`${sample}-${view.id}-${width}`, scene, kind);
					await writeFile(
						join(folder, `${sample}-${view.id}-${width}.svg`),
						sceneToSvg(scene, lightTheme, { alone: true }),
					);
				}
				for (const [at, { picture, description }] of open.findings().entries()) {
					console.log(`  finding: ${description}`);
					const svg = sceneToSvg(picture, darkTheme);
					await writeFile(join(folder, `${sample}-${view.id}-finding-${at}.svg`), svg);
				}
			}
		}
		await shootSvgs(folder, page);
	} finally {
		await browser.close();
	}
}

async function shootSvgs(folder: string, page: Page): Promise<void> {
	for (const name of (await readdir(folder)).filter((each) => each.endsWith('.svg'))) {
		const svg = await readFile(join(folder, name), 'utf8');
		const uri = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
		await page.setContent(
			`<body style="margin:8px;background:${name.includes('finding') ? '#1f1f1f' : '#fff'}"><img src="${uri}"></body>`,
		);
		await page.waitForFunction(() => document.images[0]?.complete);
		await page.setViewportSize({ width: 1240, height: 300 });
		await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
	}
}

function written(_key: string, value: unknown): unknown {
	return value instanceof Float32Array ? { floats: Array.from(value) } : value;
}
