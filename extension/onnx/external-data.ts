import { FormatError } from './byte-source.ts';
import type { ExternalData } from './model-index.ts';

/**
 * Reads where a tensor's data stands in another file.
 *
 * The location may only go down from the model's folder, judged by its letters; whoever opens the file must also
 * resolve symbolic links.
 * @param at byte offset of the tensor in the model file
 * @throws FormatError `unsupported` for a path that leaves the folder, `inconsistent` for one that is no path
 */
export function externalData(entries: ReadonlyMap<string, string>, at: number): ExternalData {
	const location = entries.get('location') ?? '';
	if (location === '' || location.includes('\0')) {
		const came = JSON.stringify(location);
		const expected = "External data needs a location, a path in the model's folder";
		throw new FormatError('inconsistent', at, `${expected}; came ${came}`);
	}
	if (!staysInside(location)) {
		const expected = "External data must lie in the model's folder";
		throw new FormatError('unsupported', at, `${expected}; came ${JSON.stringify(location)}`);
	}
	return {
		location,
		offset: byteCount(entries, 'offset', at) ?? 0,
		length: byteCount(entries, 'length', at),
	};
}

function staysInside(location: string): boolean {
	if (/^[/\\]|^[a-z][a-z0-9+.-]*:/i.test(location)) return false;
	let depth = 0;
	for (const part of location.split(/[/\\]/)) {
		if (part === '..') depth--;
		else if (part !== '' && part !== '.') depth++;
		if (depth < 0) return false;
	}
	return depth > 0;
}

function byteCount(entries: ReadonlyMap<string, string>, key: string, at: number): number | null {
	const written = entries.get(key);
	if (written === undefined || written === '') return null;
	const count = /^\d{1,16}$/.test(written) ? Number(written) : NaN;
	if (Number.isSafeInteger(count)) return count;
	const came = JSON.stringify(written);
	throw new FormatError(
		'inconsistent',
		at,
		`External data: expected ${key} in bytes, came ${came}`,
	);
}
