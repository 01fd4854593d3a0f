/** What a user has said about where a model's code stands; saved beside the model as `<model>.attnscope.json`. */
export interface Pins {
	readonly sites: readonly Pin[];
	/** File of the workspace by path as exported. */
	readonly paths: ReadonlyMap<string, string>;
}

export interface Pin {
	readonly site: string;
	/** Uri, or a path relative to the model's folder. */
	readonly file: string;
	/** Counting from 1. */
	readonly line: number;
	/** Of the line, so that the pin moves with it; empty where it was not kept. */
	readonly text: string;
	readonly target: 'class' | 'build' | 'call';
}

/** Where the pins of a model are saved. */
export const pinsFileOf = (model: string): string =>
	`${model.replace(/\.onnx$/, '')}.attnscope.json`;

/**
 * Reads a pins file: `{"pins": [{"site", "file", "line", "target"}], "paths": {EXPORTED: FILE}}`; a pin may have the
 * `"text"` of its line.
 *
 * @throws Error with a sentence that says where the file is not as it should be
 */
export function parsePins(text: string): Pins {
	const read = asRecord(JSON.parse(text), 'the file');
	const pins = read['pins'] ?? [];
	if (!Array.isArray(pins)) throw new Error('pins: expected a list');
	const paths = Object.entries(asRecord(read['paths'] ?? {}, 'paths')).map(([from, to]) => {
		if (typeof to !== 'string') throw new Error(`paths.${from}: expected a file`);
		return [from, to] as const;
	});
	return { sites: pins.map(asPin), paths: new Map(paths) };
}

/** The text of a pins file. */
export function writePins({ sites, paths }: Pins): string {
	const kept = { pins: sites, paths: Object.fromEntries(paths) };
	return `${JSON.stringify(kept, null, '\t')}\n`;
}

/** The same pins with one more; an earlier one of the same site and target gives way. */
export function withPin(pins: Pins, pin: Pin): Pins {
	const others = pins.sites.filter(
		({ site, target }) => site !== pin.site || target !== pin.target,
	);
	return { ...pins, sites: [...others, pin] };
}

/** The same pins with where one more exported path stands. */
export const withPath = (pins: Pins, exported: string, file: string): Pins => ({
	...pins,
	paths: new Map(pins.paths).set(exported, file),
});

function asPin(value: unknown, at: number): Pin {
	const where = `pins[${at}]`;
	const { site, file, line, text = '', target = 'call' } = asRecord(value, where);
	if (typeof site !== 'string') throw new Error(`${where}.site: expected a site's id`);
	if (typeof file !== 'string') throw new Error(`${where}.file: expected a path`);
	if (!Number.isSafeInteger(line) || (line as number) < 1)
		throw new Error(`${where}.line: expected a line from 1`);
	if (typeof text !== 'string') throw new Error(`${where}.text: expected the text of the line`);
	if (target !== 'class' && target !== 'build' && target !== 'call') {
		throw new Error(`${where}.target: expected class, build or call`);
	}
	return { site, file, line: line as number, text, target };
}

function asRecord(value: unknown, where: string): Record<string, unknown> {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw new Error(`${where}: expected a table`);
	return value as Record<string, unknown>;
}
