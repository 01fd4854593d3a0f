/** Where a path of the exporting machine stands in this workspace. */
export interface Remapped {
	/** Path segments, counted from the end, that agree. */
	readonly tail: number;
	/** All uris that agree as far, the nearest first; more than one where the path alone cannot tell. */
	readonly candidates: readonly string[];
}

/** Finds a path of another machine among the workspace's files by the longest matching tail. */
export class PathMap {
	private readonly uris: ReadonlySet<string>;
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
		this.uris = new Set(uris);
		for (const uri of uris) {
			const segments = segmentsOf(uri);
			const name = segments.at(-1) ?? '';
			this.byName.set(name, [...(this.byName.get(name) ?? []), { uri, segments }]);
		}
	}

	find(path: string): Remapped | null {
		const chosen = this.chosen.get(path);
		if (chosen !== undefined && this.uris.has(chosen))
			return { tail: Infinity, candidates: [chosen] };
		const wanted = segmentsOf(path);
		const named = this.byName.get(wanted.at(-1) ?? '') ?? [];
		const ranked = named.map((file) => ({ ...file, tail: sharedTail(file.segments, wanted) }));
		const best = Math.max(0, ...ranked.map(({ tail }) => tail));
		const fitting = ranked.filter(({ tail }) => tail === best);
		const moved = fitting.filter(({ segments }) => this.movedAlong(segments, wanted));
		const candidates = (moved.length > 0 ? moved : fitting)
			.map(({ uri }) => uri)
			.sort((a, b) => this.nearness(b) - this.nearness(a));
		return candidates.length === 0 ? null : { tail: best, candidates };
	}

	/** Whether a file stands where the folder of a chosen one went, and all in it with it. */
	private movedAlong(segments: readonly string[], wanted: readonly string[]): boolean {
		return [...this.chosen].some(([from, to]) => {
			const [before, after] = [segmentsOf(from), segmentsOf(to)];
			const tail = sharedTail(before, after);
			const [old, now] = [before.slice(0, -tail), after.slice(0, -tail)];
			const rest = wanted.slice(old.length);
			return (
				tail > 0 &&
				rest.length > 0 &&
				same(wanted, [...old, ...rest]) &&
				same(segments, [...now, ...rest])
			);
		});
	}

	private nearness(uri: string): number {
		const [a, b] = [segmentsOf(uri), segmentsOf(this.near)];
		let shared = 0;
		while (shared < a.length && a[shared] === b[shared]) shared++;
		return shared * 1000 - a.length;
	}
}

const same = (a: readonly string[], b: readonly string[]) =>
	a.length === b.length && a.every((part, at) => part === b[at]);

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
