import type { Locator } from 'playwright-core';

/** The box that VS Code shows beside code. */
export class HoverBox {
	constructor(readonly box: Locator) {}

	text(): Promise<string> {
		return this.box.innerText();
	}

	/** The first picture's own size in pixels; zero where it could not be decoded. */
	pictureSize(): Promise<{ width: number; height: number }> {
		return this.box
			.locator('img')
			.first()
			.evaluate(async (image: HTMLImageElement) => {
				await image.decode();
				return { width: image.naturalWidth, height: image.naturalHeight };
			});
	}

	link(text: string | RegExp): Locator {
		return this.box.getByRole('link', { name: text });
	}
}
