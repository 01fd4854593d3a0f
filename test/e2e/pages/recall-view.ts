import type { Frame } from 'playwright-core';
import { vi } from 'vitest';

/** A probe of some thousand queries on a software GPU, on a machine that may be busy. */
const probeLimitMs = 240_000;

/** The recall view of an inspector: its probe, the rows of queries, and what it says of one. */
export class RecallView {
	constructor(private readonly frame: Frame) {}

	/** Stops the probe once something was answered. */
	async stop(): Promise<void> {
		await this.#says(/Asking: [\d,]*[1-9][\d,]* of/);
		await this.frame.getByRole('button', { name: 'Stop' }).click();
	}

	/** How far it came, once it stands still. */
	async stoppedAfter(): Promise<{ asked: number; planned: number }> {
		const words = await this.#says(/Stopped after ([\d,]+) of ([\d,]+) queries/);
		const [asked, planned] = words.slice(1).map((count) => Number(count.replaceAll(',', '')));
		return { asked: asked!, planned: planned! };
	}

	async resume(): Promise<void> {
		await this.frame.getByRole('button', { name: 'Resume' }).click();
	}

	/** How many queries were asked, once all have been. */
	async finished(): Promise<number> {
		const words = await this.#says(/([\d,]+) of \1 queries asked/);
		return Number(words[1]!.replaceAll(',', ''));
	}

	/** Chooses one of the queries listed, by keyboard. */
	async chooseRow(row: number): Promise<void> {
		const rows = this.frame.locator('[data-target="rows"]');
		await rows.focus();
		await rows.press('Home');
		for (let at = 0; at < row; at++) await rows.press('ArrowDown');
		await rows.press('Enter');
	}

	/** Why the chosen query was answered so. */
	async cause(): Promise<string> {
		return (await this.#says(/Key k\d+ at token .*/s))[0];
	}

	async #says(expected: RegExp): Promise<RegExpExecArray> {
		const description = this.frame.getByTestId('description');
		return vi.waitFor(
			async () => {
				const words = await description.innerText();
				const found = expected.exec(words);
				if (!found) throw new Error(`the page says: ${words}`);
				return found;
			},
			{ timeout: probeLimitMs, interval: 50 },
		);
	}
}
