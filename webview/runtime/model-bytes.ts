import type { ProbePlan } from '../../extension/protocol/messages.ts';

/** Room behind the model for the suffix of most probes, so that a patch needs no second copy of the model. */
const SUFFIX_ROOM = 64 * 1024;

/** The model's bytes in memory, with at most one probe plan applied; the file itself is never touched. */
export class ModelBytes {
	private held: Uint8Array<ArrayBuffer>;
	/** Weights that stand in other files of the model's folder, by the path the model names. */
	readonly external = new Map<string, Uint8Array<ArrayBuffer>>();
	private undo: { readonly offset: number; readonly bytes: Uint8Array }[] = [];

	/** @param size of the file, bytes */
	constructor(readonly size: number) {
		this.held = new Uint8Array(size + SUFFIX_ROOM);
	}

	/** Puts a stretch of the file in its place. */
	put(offset: number, bytes: Uint8Array): void {
		this.held.subarray(0, this.size).set(bytes, offset);
	}

	/** Puts a stretch of an external file of `size` bytes in its place. */
	putExternal(location: string, size: number, offset: number, bytes: Uint8Array): void {
		const file = this.external.get(location) ?? new Uint8Array(size);
		this.external.set(location, file);
		file.set(bytes, offset);
	}

	/** The model with the plan's probes: a view that holds until the next call. */
	patched({ edits, suffix }: Pick<ProbePlan, 'edits' | 'suffix'>): Uint8Array<ArrayBuffer> {
		for (const { offset, bytes } of this.undo) this.held.set(bytes, offset);
		this.undo = edits.map(({ offset, bytes }) => ({
			offset,
			bytes: this.held.slice(offset, offset + bytes.length),
		}));
		if (this.size + suffix.length > this.held.length) {
			const larger = new Uint8Array(this.size + suffix.length);
			larger.set(this.held.subarray(0, this.size));
			this.held = larger;
		}
		for (const { offset, bytes } of edits) this.held.set(bytes, offset);
		this.held.set(suffix, this.size);
		return this.held.subarray(0, this.size + suffix.length);
	}
}
