import type { Frame, Locator, Page } from 'playwright-core';
import { vi } from 'vitest';
import { RecallView } from './recall-view.ts';

/** A first run compiles its shaders on the software GPU: 10 s on two free cores, ten times that when they are not. */
const runLimitMs = 150_000;

/** As VS Code tells them to pages. */
export type ThemeKind =
	'vscode-dark' | 'vscode-light' | 'vscode-high-contrast' | 'vscode-high-contrast-light';

/** The extension's page, inside the two frames that VS Code wraps a webview in. */
export class InspectorPanel {
	private constructor(readonly frame: Frame) {}

	/** Waits until an inspector shows on that surface. */
	static async find(page: Page, surface: 'panel' | 'side'): Promise<InspectorPanel> {
		const frame = await vi.waitFor(() => visibleInspector(page, surface), {
			timeout: runLimitMs,
			interval: 100,
		});
		return new InspectorPanel(frame);
	}

	/** Waits until the picture is drawn. */
	async isDrawn(): Promise<this> {
		await this.#inState('ready');
		return this;
	}

	/** Waits until the page says what it is doing, with a way out. */
	async isBusy(): Promise<void> {
		await this.#inState('loading');
	}

	/** Waits until the page gave up, and hands out its sentence. */
	async failure(): Promise<string> {
		await this.#inState('failed');
		return this.frame.getByTestId('error').innerText();
	}

	/** The sites that it lists where there is no picture. */
	sites(): Promise<string> {
		return this.frame.getByTestId('sites').innerText();
	}

	/** Where the input came from, and what was assumed. */
	inputNote(): Promise<string> {
		return this.frame.getByTestId('input').innerText();
	}

	/** What the page says while there is nothing to draw, and what it waits for. */
	async waitsFor(state: 'empty' | 'idle' = 'empty'): Promise<string> {
		await this.#inState(state);
		return this.frame.getByTestId('card-text').innerText();
	}

	/** Waits until the finding is another one. */
	async describes(words: string): Promise<void> {
		await this.frame
			.getByTestId('description')
			.filter({ hasText: words })
			.waitFor({ timeout: runLimitMs });
		await this.#inState('ready');
	}

	/** Waits until the finding is not this one any more. */
	async describesAnew(before: string): Promise<void> {
		const sentence = this.frame.getByTestId('description').filter({ hasNotText: before });
		await sentence.waitFor({ timeout: runLimitMs });
		await this.#inState('ready');
	}

	/** The one sentence that says what was found. */
	description(): Promise<string> {
		return this.frame.getByTestId('description').innerText();
	}

	/** `verified` with the residual, or why not. */
	proof(): Promise<string> {
		return this.frame.getByTestId('proof').innerText();
	}

	/** Where the model ran and why there. */
	backend(): Promise<string> {
		return this.frame.getByTestId('backend').innerText();
	}

	/** Why there and nowhere else. */
	async backendReason(): Promise<string> {
		return (await this.frame.getByTestId('backend').getAttribute('data-reason')) ?? '';
	}

	/** What it says where the recall view is in front. */
	get recall(): RecallView {
		return new RecallView(this.frame);
	}

	/** What stands under the cursor. */
	get value(): Locator {
		return this.frame.getByTestId('value');
	}

	control(role: 'button' | 'combobox' | 'checkbox' | 'slider', name: string | RegExp): Locator {
		return this.frame.getByRole(role, { name });
	}

	/** Shows another view, by its title. */
	async showView(title: string): Promise<void> {
		await this.control('combobox', 'View').click();
		await this.frame.getByRole('option', { name: title }).click();
	}

	/** Picks an option of one of the view's own lists. */
	async choose(list: string, option: string): Promise<void> {
		await this.control('combobox', list).click();
		await this.pick(option);
	}

	/** From the list that is open. */
	async pick(option: string): Promise<void> {
		await this.frame.getByRole('option', { name: option, exact: true }).click();
	}

	/** A part of the picture that answers to keys and pointer. */
	part(label: RegExp): Locator {
		return this.frame.getByRole('img', { name: label });
	}

	/** The large picture; arrow keys move its cursor. */
	get matrix(): Locator {
		return this.frame.getByRole('img').first();
	}

	/** The small picture of a head, which makes it the large one. */
	head(head: number): Locator {
		return this.frame.getByRole('button', { name: new RegExp(`head ${String(head)}\\b`, 'i') });
	}

	/** Asks for the picture, or its data, as a file; the editor then asks where to. */
	async export(format: 'SVG' | 'PNG' | 'CSV' | 'JSON'): Promise<void> {
		await this.control('combobox', 'Export the picture').click();
		await this.frame.getByRole('option', { name: format }).click();
	}

	/** Waits until the page has the colours of such a theme. */
	async isThemed(kind: ThemeKind): Promise<void> {
		await this.frame.locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor();
		await this.isDrawn();
	}

	/** Pixels by which the page is wider than its frame: what a reader would have to scroll for. */
	overflow(): Promise<number> {
		return this.frame.evaluate(
			() => document.documentElement.scrollWidth - document.documentElement.clientWidth,
		);
	}

	/** Contrast ratio of the description's text against the page, as WCAG 2 defines it. */
	contrastOfDescription(): Promise<number> {
		return this.frame.getByTestId('description').evaluate((sentence) => {
			const luminance = (color: string) => {
				const [r, g, b] = color.match(/[\d.]+/g)!.map((part) => {
					const value = Number(part) / 255;
					return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
				}) as [number, number, number];
				return 0.2126 * r + 0.7152 * g + 0.0722 * b;
			};
			const colors = [
				getComputedStyle(sentence).color,
				getComputedStyle(document.documentElement).getPropertyValue('--vscode-editor-background'),
			];
			const probe = document.createElement('span');
			probe.style.color = colors[1]!;
			document.body.append(probe);
			const lights = [luminance(colors[0]!), luminance(getComputedStyle(probe).color)];
			probe.remove();
			return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
		});
	}

	async #inState(state: string): Promise<void> {
		await this.frame.locator(`[data-state="${state}"]`).waitFor({ timeout: runLimitMs });
	}
}

async function visibleInspector(page: Page, surface: string): Promise<Frame> {
	for (const frame of page.frames()) {
		if (frame.parentFrame() === null || frame.isDetached()) continue;
		const shell = frame.locator(`[data-surface="${surface}"]`);
		if ((await shell.count()) > 0 && (await shell.first().isVisible())) return frame;
	}
	throw new Error(`no inspector shows on the surface ${surface}`);
}
