import { stat } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { vi } from 'vitest';
import { HoverBox } from './hover-box.ts';
import { InspectorPanel } from './inspector-panel.ts';

/** VS Code as a person meets it: roles and labels, the keyboard, and text that is seen. */
export class EditorPage {
	constructor(readonly page: Page) {}

	/** The folder is open, and what the extension contributes is in menus and bars. */
	async isReady(): Promise<void> {
		const explorer = this.page.getByRole('tree', { name: 'Files Explorer' });
		await explorer.getByRole('treeitem').first().waitFor();
		await this.activity('Attnscope').waitFor();
	}

	/** @param path in the workspace, such as `mqar-softmax/model.py` */
	async openFile(path: string): Promise<void> {
		await this.#pick('Control+p', path, path.split('/').at(-1)!);
		await this.tab(path.split('/').at(-1)!).waitFor();
	}

	/** By the explorer's context menu, the way that says what it does. */
	async openModel(path: string): Promise<void> {
		const folders = path.split('/');
		const file = folders.pop()!;
		for (const folder of folders) await this.#expand(folder);
		await this.#inExplorer(file).click({ button: 'right' });
		await this.#pickOfMenu('Open Model…');
		await this.tab(file).waitFor();
	}

	/** By keyboard once it is pointed at: a menu does not hear the mouse in the first tenth of a second. */
	async #pickOfMenu(title: string): Promise<void> {
		await this.page.getByRole('menuitem', { name: title }).hover();
		await this.page.keyboard.press('Enter');
	}

	/** @param title as the palette shows it, category included */
	async runCommand(title: string): Promise<void> {
		await this.#pick('F1', `>${title}`, title);
	}

	/** The titles that the palette offers for what is typed. */
	async commandsOffered(typed: string): Promise<string[]> {
		await this.#type('F1', `>${typed}`);
		await this.page.getByRole('option', { name: typed }).first().waitFor();
		const titles = await this.page.getByRole('option').allInnerTexts();
		await this.page.keyboard.press('Escape');
		return titles.map((title) => title.split('\n')[0]!);
	}

	/** A file's tab, in whichever group. */
	tab(name: string): Locator {
		return this.page.getByRole('tab', { name }).first();
	}

	async closeTab(name: string): Promise<void> {
		await this.tab(name).click();
		await this.runCommand('View: Close Editor');
		await this.tab(name).waitFor({ state: 'detached' });
	}

	/** Waits until the editor says that it does not trust the folder. */
	async isRestricted(): Promise<void> {
		await this.page
			.getByRole('button', { name: /Restricted Mode/ })
			.first()
			.waitFor();
	}

	/** Brings an open file to the front. */
	async showTab(name: string): Promise<void> {
		await this.tab(name).click();
	}

	/** A line above the code: `layer 1 · 2 heads · …`. */
	codeLens(text: string | RegExp): Locator {
		return this.page.getByRole('button', { name: text });
	}

	statusItem(text: string | RegExp): Locator {
		return this.page.getByRole('status').getByRole('button', { name: text });
	}

	notification(text: string | RegExp): Locator {
		return this.page.getByRole('dialog').filter({ hasText: text });
	}

	/** Puts the cursor at the start of a line of the open code. */
	async goToLine(line: number): Promise<void> {
		await vi.waitFor(
			async () => {
				await this.#type('Control+p', `:${String(line)}`);
				await this.page.keyboard.press('Enter');
				await this.cursorLine(line).waitFor({ timeout: 5_000 });
			},
			{ timeout: 60_000 },
		);
	}

	/** Waits until a picture stands after the line of code that holds the words. */
	async pictureAfter(words: string): Promise<void> {
		const line = this.page.locator('.view-line', { hasText: words });
		await vi.waitFor(
			async () => {
				const pictures = await line
					.locator('span')
					.evaluateAll((spans) => spans.map((span) => getComputedStyle(span, '::after').content));
				if (!pictures.some((content) => content.includes('data:image/svg')))
					throw new Error(`no picture stands after the line with ${words}`);
			},
			{ timeout: 60_000 },
		);
	}

	/** The status bar's `Ln 12, Col 1`. */
	cursorLine(line: number): Locator {
		return this.page.getByRole('button', { name: new RegExp(`Ln ${String(line)}, Col`) });
	}

	/** Gives the keyboard to the code in front. */
	async focusCode(): Promise<void> {
		await this.runCommand('View: Focus Active Editor Group');
	}

	/** The status bar's `Cell 2 of 4`. */
	cellInFront(cell: number): Locator {
		return this.page.getByRole('button', { name: new RegExp(`Cell ${String(cell)} of`) });
	}

	/** The text of the notebook's cell that holds the cursor. */
	async cellAtCursor(): Promise<string> {
		return await this.page
			.locator('.cell-list-container .monaco-list-row.focused')
			.last()
			.innerText();
	}

	/** The hover of the code under the cursor. */
	async hoverAtCursor(): Promise<HoverBox> {
		await this.runCommand('Show or Focus Hover');
		const box = this.page.getByRole('tooltip');
		await box.waitFor();
		return new HoverBox(box);
	}

	/** @param name as the editor lists its themes */
	async useTheme(name: string): Promise<void> {
		await this.runCommand('Preferences: Color Theme');
		await this.page.getByPlaceholder(/Color Theme/).fill(name);
		await this.page
			.getByRole('option', { name: new RegExp(`^${name}`) })
			.first()
			.click();
	}

	/** Asks to run the model in front on another input, of the kind that the list names. */
	async chooseInput(kind: string): Promise<void> {
		await this.runCommand('Attnscope: Run Model on Input…');
		await this.page.getByRole('option', { name: kind }).first().click();
	}

	/** Into the question that is open. */
	async typeAnswer(text: string, key?: 'Enter'): Promise<void> {
		const box = this.#question.getByRole('textbox');
		await box.fill(text);
		if (key) await box.press(key);
	}

	/** What the question that is open has against the answer. */
	answerProblem(words: string | RegExp): Locator {
		return this.#question.getByText(words);
	}

	/** Gives the file dialog a path of its own. While it is still opening, it writes the one that it offers over that. */
	async answerFileDialog(path: string): Promise<void> {
		await vi.waitFor(
			async () => {
				await this.typeAnswer(path);
				await this.acceptFileDialog();
				await this.#accept.waitFor({ state: 'hidden', timeout: 5_000 });
			},
			{ timeout: 60_000 },
		);
	}

	/** Waits until the extension has written a file. */
	async fileIsThere(path: string): Promise<void> {
		await vi.waitFor(() => stat(path), { timeout: 30_000 });
	}

	async openWalkthrough(title: string): Promise<void> {
		await this.runCommand('Welcome: Open Walkthrough...');
		await this.page.getByRole('option', { name: title }).first().click();
	}

	/** A link or button in the editor's own pages. */
	async pressLink(name: string): Promise<void> {
		await this.page
			.getByRole('button', { name, exact: true })
			.or(this.page.getByRole('link', { name, exact: true }))
			.first()
			.click();
	}

	/** Accepts the path that a file dialog offers. */
	async acceptFileDialog(): Promise<void> {
		await this.#accept.click();
	}

	/** An extension's tree in the side bar. */
	treeItem(name: string | RegExp): Locator {
		return this.page.getByRole('treeitem', { name });
	}

	/** A button of the bar that switches the side bar. */
	activity(name: string): Locator {
		return this.page
			.getByRole('tablist', { name: 'Active View Switcher' })
			.getByRole('tab', { name, exact: true });
	}

	/** The editor's own reload: it saves first what it would save before it closes. */
	async reload(): Promise<void> {
		const loaded = this.page.waitForEvent('load');
		await this.runCommand('Developer: Reload Window');
		await loaded;
		await this.isReady();
	}

	/** The inspector in the editor's area or in the side bar. */
	inspector(surface: 'panel' | 'side'): Promise<InspectorPanel> {
		return InspectorPanel.find(this.page, surface);
	}

	get #accept(): Locator {
		return this.page.getByRole('button', { name: 'OK', exact: true });
	}

	/** The box in which the editor asks for one thing. */
	get #question(): Locator {
		return this.page.locator('.quick-input-widget');
	}

	#inExplorer(name: string): Locator {
		return this.page
			.getByRole('tree', { name: 'Files Explorer' })
			.getByRole('treeitem', { name, exact: true });
	}

	async #expand(folder: string): Promise<void> {
		const row = this.#inExplorer(folder);
		if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
	}

	/** The list is made when the box opens: what an extension adds while it starts is there the next time. */
	async #pick(key: string, typed: string, wanted: string): Promise<void> {
		const option = this.page.getByRole('option', { name: wanted }).first();
		await vi.waitFor(
			async () => {
				await this.#type(key, typed);
				await option.waitFor({ timeout: 5_000 });
			},
			{ timeout: 60_000 },
		);
		await option.click();
	}

	/** Into the box for commands, files and lines. One that is just closing takes the key and closes all the same. */
	async #type(key: string, typed: string): Promise<void> {
		const box = this.page.getByPlaceholder(/Search files by name|Type the name of a command/);
		await vi.waitFor(
			async () => {
				await this.page.keyboard.press('Escape');
				await this.page.keyboard.press(key);
				await box.fill(typed, { timeout: 3_000 });
			},
			{ timeout: 60_000 },
		);
	}
}
