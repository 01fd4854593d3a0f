let translated: Readonly<Record<string, string>> = {};

/** @param json sentences in the editor's language by their English, as the host put them into the page */
export function speak(json: string | undefined): void {
	const words: unknown = JSON.parse(json ?? '{}');
	translated = typeof words === 'object' && words !== null ? (words as typeof translated) : {};
}

/**
 * A sentence of the shell in the editor's language, as `vscode.l10n.t` is for the host: `{0}`, `{1}`, … stand for the
 * rest. What a view found is data, goes into files and papers, and stays English.
 */
export function say(message: string, ...values: readonly (string | number)[]): string {
	const sentence = translated[message] ?? message;
	return sentence.replace(/\{(\d+)\}/g, (hole, at: string) => String(values[Number(at)] ?? hole));
}
