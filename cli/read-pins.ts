import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parsePins, pinsFileOf, type Pins } from '../extension/source/pins.ts';

/** What the user has pinned for a model; nothing where there is no such file. */
export async function readPins(model: string): Promise<Pins> {
	const path = pinsFileOf(model);
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { sites: [], paths: new Map() };
		throw error;
	}
	const pins = parsePins(text);
	const placed = (file: string) => resolve(dirname(model), file);
	return {
		sites: pins.sites.map((pin) => ({ ...pin, file: placed(pin.file) })),
		paths: new Map([...pins.paths].map(([from, to]) => [from, placed(to)])),
	};
}
