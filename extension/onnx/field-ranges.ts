import { FormatError } from './byte-source.ts';
import { LENGTH_DELIMITED, type Field } from './fields.ts';
import type { ByteRange } from './model-index.ts';

/**
 * The bytes of a length-delimited field: a message, text or data.
 * @param message that the field stands in
 */
export function stretchOf(field: Field, message: string): ByteRange {
	if (field.wire === LENGTH_DELIMITED) return { offset: field.start, length: field.length };
	const came = `expected a length-delimited value, came wire type ${field.wire}`;
	throw new FormatError('inconsistent', field.at, `${message}: field ${field.number}: ${came}`);
}

/** The whole of a field, tag and length included, where its tag can be changed in place: it is one byte. */
export function wholeOf({ at, tagBytes, start, length }: Field): ByteRange | undefined {
	return tagBytes === 1 ? { offset: at, length: start + length - at } : undefined;
}
