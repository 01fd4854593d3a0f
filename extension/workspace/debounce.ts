/** Calls `act` once, `delayMs` after the last `call`. */
export class Debounce {
	private timer: NodeJS.Timeout | undefined;

	constructor(
		private readonly delayMs: number,
		private readonly act: () => void,
	) {}

	call(): void {
		clearTimeout(this.timer);
		this.timer = setTimeout(this.act, this.delayMs);
	}

	dispose(): void {
		clearTimeout(this.timer);
	}
}
