const LETTERS = '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A name that differs from another of the same length in one ASCII byte. */
export interface Renaming {
	readonly name: string;
	/** Of the changed byte, counted in UTF-8 bytes from the start of the name. */
	readonly byte: number;
	/** What the byte becomes. */
	readonly code: number;
}

/** The first unused name that is one letter away from `name`, tried from its end; null where there is none. */
export function freeName(name: string, taken: ReadonlySet<string>): Renaming | null {
	const encoder = new TextEncoder();
	for (let at = name.length - 1; at >= 0; at--) {
		if (name.charCodeAt(at) > 0x7f) continue;
		for (const letter of LETTERS) {
			const renamed = name.slice(0, at) + letter + name.slice(at + 1);
			if (taken.has(renamed)) continue;
			const byte = encoder.encode(name.slice(0, at)).length;
			return { name: renamed, byte, code: letter.charCodeAt(0) };
		}
	}
	return null;
}
