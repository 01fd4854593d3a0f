import { FormatError } from './byte-source.ts';
import type { ByteWindow } from './byte-window.ts';
import { MAX_DEPTH, MAX_FIELDS, MAX_KEPT_BYTES } from './limits.ts';
import type { ByteRange } from './model-index.ts';

/** Wire types of the protobuf encoding. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** Tag and value of one field, each a number of at most 10 bytes. */
const LONGEST_HEAD = 20;

/** One field of a message, where it stands, and its number where it is one. */
export interface Field {
	readonly number: number;
	readonly wire: number;
	/** Offset of the tag, bytes. */
	readonly at: number;
	/** Bytes of the tag: 1 for numbers under 16, unless it was written in a roundabout way. */
	readonly tagBytes: number;
	/** Offset of the value, bytes; for length-delimited fields of the bytes after the length. */
	readonly start: number;
	/** Bytes of the value. */
	readonly length: number;
	/** Varints as signed 64-bit, fixed 32 and 64 as floats; 0 for length-delimited fields. */
	readonly value: number;
	/** Whether the window holds the value. */
	readonly loaded: boolean;
}

/** By field number: the most bytes of it that are to be loaded. Fields not named are passed over by seeking. */
export type Wanted = ReadonlyMap<number, number>;

/** What a visit has to wait for before the walk goes on. */
export type Pending = Promise<void> | undefined;

/** How far a walk through one message has come. */
interface Walk {
	at: number;
	readonly end: number;
	readonly message: string;
	readonly wanted: Wanted;
	readonly visit: (field: Field) => Pending;
	/** Read, but its value was not in the window yet. */
	unvisited: Field | undefined;
}

const floats = new DataView(new ArrayBuffer(8));

/** Walks the fields of protobuf messages in a window, and keeps the account of what was visited. */
export class FieldWalk {
	/** Read so far of matrices to tell masks from weights. */
	patternBytes = 0;
	private fields = 0;
	private kept = 0;
	private next = 0;

	constructor(readonly window: ByteWindow) {}

	/**
	 * Visits the fields of one message in file order. Nothing is to be waited for when all of it was in the window, so
	 * that graphs of many small nodes cost no promises.
	 * @param message what it is, for error messages, such as `NodeProto`
	 * @param depth of the message inside others, 0 for the outermost
	 * @throws FormatError, or rejects with it: with the byte offset where the message stopped making sense
	 */
	each(
		range: ByteRange,
		message: string,
		depth: number,
		wanted: Wanted,
		visit: (field: Field) => Pending,
	): Pending {
		if (depth > MAX_DEPTH) {
			const limit = `messages nest deeper than ${MAX_DEPTH}, which no protobuf reader accepts`;
			throw new FormatError('unsupported', range.offset, `${message}: ${limit}`);
		}
		const end = range.offset + range.length;
		const walk: Walk = { at: range.offset, end, message, wanted, visit, unvisited: undefined };
		const pending = this.advance(walk);
		return pending && this.finish(walk, pending);
	}

	private async finish(walk: Walk, pending: Pending): Promise<void> {
		while (pending) {
			await pending;
			pending = this.advance(walk);
		}
	}

	/** Goes on until something is to be waited for. */
	private advance(walk: Walk): Pending {
		for (;;) {
			let field = walk.unvisited;
			walk.unvisited = undefined;
			if (!field) {
				if (walk.at >= walk.end) return undefined;
				const head = Math.min(LONGEST_HEAD, walk.end - walk.at);
				if (!this.window.holds(walk.at, head)) return this.window.load(walk.at, head);
				field = this.readHead(walk);
				walk.at = field.start + field.length;
				if (field.loaded && !this.window.holds(field.start, field.length)) {
					walk.unvisited = field;
					return this.window.load(field.start, field.length);
				}
			}
			const pending = walk.visit(field);
			if (pending) return pending;
		}
	}

	private readHead({ at, end, message, wanted }: Walk): Field {
		if (++this.fields > MAX_FIELDS) {
			throw new FormatError('unsupported', at, `${message}: more than ${MAX_FIELDS} fields in all`);
		}
		const tag = this.varint(at, end, message);
		const number = Math.floor(tag / 8);
		const wire = tag % 8;
		if (number < 1 || tag > 0xffffffff) {
			throw new FormatError('inconsistent', at, `${message}: no protobuf field has tag ${tag}`);
		}
		let start = this.next;
		const tagBytes = start - at;
		let length = 0;
		let value = 0;
		if (wire === VARINT) {
			value = this.varint(start, end, message);
			length = this.next - start;
		} else if (wire === LENGTH_DELIMITED) {
			length = this.varint(start, end, message);
			start = this.next;
		} else if (wire === FIXED32) {
			length = 4;
		} else if (wire === FIXED64) {
			length = 8;
		} else {
			const expected = 'expected a number or a length-delimited value';
			throw new FormatError(
				'inconsistent',
				at,
				`${message}: ${expected} in field ${number}, came wire type ${wire}`,
			);
		}
		if (length < 0 || length > end - start) {
			const left = `${end - start} ${end === this.window.size ? 'to the end of the file' : 'are left in its message'}`;
			throw new FormatError(
				end === this.window.size ? 'truncated' : 'inconsistent',
				at,
				`${message}: field ${number} is said to have ${length} bytes, but ${left}`,
			);
		}
		if (wire === FIXED32 || wire === FIXED64) value = this.fixed(start, length);
		const loaded = wire !== LENGTH_DELIMITED || length <= (wanted.get(number) ?? -1);
		if (loaded) this.keep(length, at, message);
		return { number, wire, at, tagBytes, start, length, value, loaded };
	}

	private keep(length: number, at: number, message: string): void {
		this.kept += length;
		if (this.kept > MAX_KEPT_BYTES) {
			const limit = `more than ${MAX_KEPT_BYTES} bytes of names and text in all`;
			throw new FormatError('unsupported', at, `${message}: ${limit}`);
		}
	}

	private fixed(start: number, length: number): number {
		for (let i = 0; i < length; i++) floats.setUint8(i, this.window.at(start + i));
		return length === 4 ? floats.getFloat32(0, true) : floats.getFloat64(0, true);
	}

	/** Leaves the offset behind the number in `next`. */
	private varint(at: number, end: number, message: string): number {
		let value = 0;
		let scale = 1;
		for (let i = 0; i < 8 && at + i < end; i++) {
			const byte = this.window.at(at + i);
			value += (byte & 0x7f) * scale;
			if (byte < 0x80) {
				this.next = at + i + 1;
				if (Number.isSafeInteger(value)) return value;
				break;
			}
			scale *= 128;
		}
		return this.longVarint(at, end, message);
	}

	private longVarint(at: number, end: number, message: string): number {
		let value = 0n;
		for (let i = 0; i < 10; i++) {
			if (at + i >= end) {
				const reason = end === this.window.size ? 'truncated' : 'inconsistent';
				throw new FormatError(reason, at, `${message}: a number is cut off`);
			}
			const byte = this.window.at(at + i);
			value |= BigInt(byte & 0x7f) << BigInt(7 * i);
			if (byte < 0x80) {
				this.next = at + i + 1;
				return Number(BigInt.asIntN(64, value));
			}
		}
		throw new FormatError('inconsistent', at, `${message}: a number is longer than 10 bytes`);
	}
}
