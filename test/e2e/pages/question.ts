import type { Page } from 'playwright-core';

/** The box in which the editor lists answers to pick from. */
export class Question {
	constructor(private readonly page: Page) {}

	/** Waits until it is open and asks in these words. */
	async asks(words: string | RegExp): Promise<void> {
		await this.page.locator('.quick-input-widget').getByText(words).waitFor();
	}

	/** Takes the first of the answers that fits. */
	async choose(answer: RegExp): Promise<void> {
		await this.page.getByRole('option', { name: answer }).first().click();
	}
}
