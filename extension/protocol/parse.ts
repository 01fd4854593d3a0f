/** The other side sent something this side cannot accept; `path` says where. */
export class ProtocolError extends Error {
	override readonly name = 'ProtocolError';
	constructor(
		readonly reason: 'malformed' | 'unknown-method' | 'timed-out' | 'closed' | 'failed',
		message: string,
	) {
		super(message);
	}
}

/** Reads an untrusted value as `T`; throws `ProtocolError('malformed')` naming `path`. */
export type Parser<T> = (value: unknown, path: string) => T;
export type Parsed<P> = P extends Parser<infer T> ? T : never;

function malformed(path: string, expected: string, got: unknown): never {
	const shown = got === null ? 'null' : Array.isArray(got) ? 'array' : typeof got;
	throw new ProtocolError('malformed', `${path}: expected ${expected}, got ${shown}`);
}

export const text: Parser<string> = (v, path) =>
	typeof v === 'string' ? v : malformed(path, 'text', v);

/** A non-negative safe integer: counts, byte offsets, dimensions. */
export const count: Parser<number> = (v, path) =>
	Number.isSafeInteger(v) && (v as number) >= 0 ? (v as number) : malformed(path, 'a count', v);

export const boolean: Parser<boolean> = (v, path) =>
	typeof v === 'boolean' ? v : malformed(path, 'true or false', v);

/** Any number but NaN and the infinities. */
export const finite: Parser<number> = (v, path) =>
	Number.isFinite(v) ? (v as number) : malformed(path, 'a finite number', v);

export const bytes: Parser<Uint8Array> = (v, path) =>
	v instanceof Uint8Array ? v : malformed(path, 'bytes', v);

export const nothing: Parser<void> = () => undefined;

/** The value itself, unread: only between two halves of one build, such as page and worker. */
export const anything: Parser<unknown> = (v) => v;

/** Null stands for "none"; undefined is read as null, so that an older sender may leave a field out. */
export function optional<T>(item: Parser<T>): Parser<T | null> {
	return (v, path) => (v === null || v === undefined ? null : item(v, path));
}

/** A record with any keys and one kind of value. */
export function tableOf<T>(item: Parser<T>): Parser<Record<string, T>> {
	return (v, path) => {
		if (typeof v !== 'object' || v === null || Array.isArray(v)) malformed(path, 'a table', v);
		const entries = Object.entries(v).map(
			([key, value]) => [key, item(value, `${path}.${key}`)] as const,
		);
		return Object.fromEntries(entries);
	};
}

export function listOf<T>(item: Parser<T>): Parser<T[]> {
	return (v, path) =>
		Array.isArray(v) ? v.map((x, i) => item(x, `${path}[${i}]`)) : malformed(path, 'a list', v);
}

export function record<F extends Record<string, Parser<unknown>>>(
	fields: F,
): Parser<{ [K in keyof F]: Parsed<F[K]> }> {
	return (v, path) => {
		if (typeof v !== 'object' || v === null) malformed(path, 'a record', v);
		const source = v as Record<string, unknown>;
		const entries = Object.entries(fields).map(([key, read]) => [
			key,
			read(source[key], `${path}.${key}`),
		]);
		return Object.fromEntries(entries) as { [K in keyof F]: Parsed<F[K]> };
	};
}

/** One of a closed set of words, such as an element type. */
export function oneOf<const T extends string>(...words: readonly T[]): Parser<T> {
	return (v, path) =>
		words.includes(v as T) ? (v as T) : malformed(path, `one of ${words.join(', ')}`, v);
}
