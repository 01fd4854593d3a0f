import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { inject } from 'vitest';
import { startCodeServer, type RunningServer } from '../../../scripts/code-server.mjs';
import { launchBrowser } from './browser.ts';
import { Troubles } from './troubles.ts';

const root = resolve(import.meta.dirname, '../../..');
const results = join(root, 'test-results');

export interface SessionOptions {
	/** Whether the browser offers WebGPU. Default: yes. */
	readonly webgpu?: boolean;
	/** Whether the editor asks before it trusts the folder. Default: no. */
	readonly asksForTrust?: boolean;
	/** Over the seeded ones. */
	readonly settings?: Readonly<Record<string, unknown>>;
	/** The folders under `samples/` that the workspace holds. Default: the softmax sample with what it imports. */
	readonly samples?: readonly string[];
	/** Whether the workspace is served from memory, by an extension, and lies on no disk that the editor sees. */
	readonly virtual?: boolean;
	/** Files written over the copied workspace, by path in it. */
	readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** Without each of these the pictures, or the waiting, would depend on something else than the extension. */
const seededSettings = {
	// A welcome page would cover the editor
	'workbench.startupEditor': 'none',
	// So would an invitation to a chat
	'chat.disableAIFeatures': true,
	'workbench.secondarySideBar.defaultVisibility': 'hidden',
	// A blinking cursor makes two screenshots of one state differ
	'editor.cursorBlinking': 'solid',
	// The minimap repeats the code as text that is not code
	'editor.minimap.enabled': false,
	// Hovers are asked for by keyboard; one that the resting mouse brings up would be another
	'editor.hover.delay': 300,
	// Left alone, a short window folds the lenses' line away while the list of symbols loads
	'editor.stickyScroll.enabled': false,
	'telemetry.telemetryLevel': 'off',
	'extensions.autoCheckUpdates': false,
	// The folder is a copy in a temporary folder inside no repository
	'git.enabled': false,
};

/** One editor with one browser that looks at it, on a copy of the samples. */
export class Session {
	readonly troubles = new Troubles();
	private constructor(
		readonly home: string,
		readonly workspace: string,
		readonly server: RunningServer,
		readonly browser: Browser,
		readonly context: BrowserContext,
		readonly page: Page,
	) {}

	static async start(options: SessionOptions): Promise<Session> {
		const home = await mkdtemp(join(tmpdir(), 'attnscope-e2e-'));
		const workspace = join(home, 'samples');
		await mkdir(workspace, { recursive: true });
		for (const sample of options.samples ?? ['common', 'mqar-softmax'])
			await cp(join(root, 'samples', sample), join(workspace, sample), { recursive: true });
		for (const [path, content] of Object.entries(options.files ?? {})) {
			await mkdir(dirname(join(workspace, path)), { recursive: true });
			await writeFile(join(workspace, path), content);
		}
		const server = await startCodeServer({
			editor: inject('editor'),
			extensionsFolder: inject(options.virtual === true ? 'withMemoryFiles' : 'extensionsFolder'),
			home: join(home, 'user'),
			settings: { ...seededSettings, 'memoryFiles.source': workspace, ...options.settings },
			asksForTrust: options.asksForTrust ?? false,
		});
		const browser = await launchBrowser(options.webgpu ?? true);
		const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
		// Without a film: it takes a third of the time of a journey, and the last picture is kept anyway
		await context.tracing.start({ screenshots: false, snapshots: false });
		// An editor's start takes 10 s on two free cores, and they are seldom free
		context.setDefaultTimeout(60_000);
		const page = await context.newPage();
		const session = new Session(home, workspace, server, browser, context, page);
		session.troubles.watch(context, page);
		const memory = join(home, 'memory.code-workspace');
		const folders = [{ uri: 'memory:/samples', name: 'samples' }];
		await writeFile(memory, JSON.stringify({ folders }));
		const place = options.virtual === true ? { workspace: memory } : { folder: workspace };
		await page.goto(`${server.url}?${new URLSearchParams(place).toString()}`);
		return session;
	}

	/** @throws Error with everything that went wrong unseen */
	async assertNoTroubles(): Promise<void> {
		const troubles = await this.troubles.all(join(this.home, 'user'));
		if (troubles.length > 0) throw new Error(`Behind the scenes:\n${troubles.join('\n')}`);
	}

	/** Saves what helps to understand a failure under test-results/NAME/. */
	async keepEvidence(name: string): Promise<void> {
		const folder = join(results, name.replaceAll(/\W+/g, '-'));
		await mkdir(folder, { recursive: true });
		await this.page.screenshot({ path: join(folder, 'screenshot.png') });
		await this.context.tracing.stop({ path: join(folder, 'trace.zip') });
		await cp(join(this.home, 'user/logs'), join(folder, 'logs'), { recursive: true });
		const troubles = await this.troubles.all(join(this.home, 'user'));
		await writeFile(join(folder, 'server.log'), this.server.log());
		await writeFile(join(folder, 'troubles.txt'), troubles.join('\n'));
	}

	/** Ends the browser's GPU process, as a driver that hangs does: every device of every page is lost. */
	async crashGpu(): Promise<void> {
		const devtools = await this.browser.newBrowserCDPSession();
		// the answer may come from a process that is no more
		await devtools.send('Browser.crashGpuProcess').catch(() => undefined);
		await devtools.detach();
	}

	/** Saves a screenshot of the editor as test-results/shots/NAME.png. */
	async shot(name: string): Promise<void> {
		await this.page.screenshot({ path: join(results, 'shots', `${name}.png`) });
	}

	async stop(): Promise<void> {
		await this.browser.close();
		await this.server.stop();
		await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
	}
}
