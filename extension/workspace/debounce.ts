/** Calls `act` once, `delayMs` after the last `call`. */
export class Debounce {
	private timer: NodeJS.Timeout | undefined;

	constructor(
		private readonly delayMs: number,
		private readonly act: () => void,
	) {}

	call(): void {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => {
			this.timer = undefined;
			this.act();
		}, this.delayMs);
	}

	/** Takes back a call that waits; answers whether there was one. */
	takeBack(): boolean {
		const waited = this.timer !== undefined;
		this.dispose();
		return waited;
	}

	dispose(): void {
		clearTimeout(this.timer);
		this.timer = undefined;
	}
}
