/** The functions of a console that a runtime may write through. */
export type Console = Pick<globalThis.Console, 'error' | 'log' | 'warn'>;

const WAYS = ['error', 'log', 'warn'] as const;

/**
 * Hears what onnxruntime writes. It keeps the console's functions when it is loaded, so the tap has to be in place before
 * the first session; what nobody listens to is written as ever.
 */
export class LogTap {
	private heard: string[] | undefined;

	constructor(console: Console) {
		for (const way of WAYS) {
			const write = console[way].bind(console);
			console[way] = (...words: unknown[]) => {
				if (this.heard) this.heard.push(words.map(String).join(' '));
				else write(...words);
			};
		}
	}

	/** What is written while `work` is done, line by line. */
	async hear(work: () => Promise<void>): Promise<string[]> {
		const heard: string[] = [];
		this.heard = heard;
		try {
			await work();
		} finally {
			this.heard = undefined;
		}
		return heard.flatMap((text) => text.split('\n'));
	}
}
