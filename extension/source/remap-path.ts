/** Where a path of the exporting machine stands in this workspace. */
export interface Remapped {
	readonly uri: string;
	/** Path segments, counted from the end, that agree. */
	readonly tail: number;
	/** All uris that agree as far; more than one where the path alone cannot tell. */
	readonly candidates: readonly string[];
}

/** Finds a path of another machine among the workspace's files by the longest matching tail. */
export class PathMap {
	private readonly byName = new Map<string, { uri: string; segments: readonly string[] }[]>();

	/**
	 * @param near uri of the model: of equally good files the one nearest to it is taken
	 * @param chosen what the user has said, by exported path
	 */
	constructor(
		uris: readonly string[],
		private readonly near: string,
		private readonly chosen: ReadonlyMap<string, string> = new Map(),
	) {
		for (const uri of uris) {
			const segments = segmentsOf(uri);
			const name = segments.at(-1) ?? '';
			this.byName.set(name, [...(this.byName.get(name) ?? []), { uri, segments }]);
		}
	}

	find(path: string): Remapped | null {
		const chosen = this.chosen.get(path);
		if (chosen !== undefined) return { uri: chosen, tail: Infinity, candidates: [chosen] };
		const wanted = segmentsOf(path);
		const named = this.byName.get(wanted.at(-1) ?? '') ?? [];
		const ranked = named.map(({ uri, segments }) => ({ uri, tail: sharedTail(segments, wanted) }));
		const best = Math.max(0, ...ranked.map(({ tail }) => tail));
		const candidates = ranked.filter(({ tail }) => tail === best).map(({ uri }) => uri);
		const [first] = [...candidates].sort((a, b) => this.nearness(b) - this.nearness(a));
		return first === undefined ? null : { uri: first, tail: best, candidates };
	}

	private nearness(uri: string): number {
		const [a, b] = [segmentsOf(uri), segmentsOf(this.near)];
		let shared = 0;
		while (shared < a.length && a[shared] === b[shared]) shared++;
		return shared * 1000 - a.length;
	}
}

function sharedTail(a: readonly string[], b: readonly string[]): number {
	let shared = 0;
	while (shared < a.length && shared < b.length && a.at(-1 - shared) === b.at(-1 - shared))
		shared++;
	return shared;
}

/** Segments of a uri or of a path of any system, with `.` and `..` resolved. */
export function segmentsOf(path: string): string[] {
	const plain = /^[a-z][\w+.-]+:\/\//i.test(path)
		? decoded(path.replace(/^[a-z][\w+.-]+:\/\/[^/]*/i, ''))
		: path;
	const segments: string[] = [];
	for (const segment of plain.split(/[\\/]+/)) {
		if (segment === '..') segments.pop();
		else if (segment !== '' && segment !== '.') segments.push(segment);
	}
	return segments;
}

function decoded(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch (error) {
		if (error instanceof URIError) return path;
		throw error;
	}
}
