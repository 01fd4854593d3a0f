import type { ClassRef, CodeBase } from './code-base.ts';
import type { Built, Step } from './built.ts';
import type { ModuleWalk } from './module-walk.ts';
import { segmentsOf } from './remap-path.ts';

/** A module path walked to its end, or as far as the code goes. */
interface Walked {
	readonly steps: readonly Step[];
	/** Tokens that were matched, counted from the first. */
	readonly depth: number;
}

const MOST_SAMPLES = 60;
const MOST_ROOTS = 200;
const MOST_BRANCHES = 24;

/** Which class the model is an instance of, judged by how many of its module paths that class explains. */
export class RootSearch {
	private readonly samples: readonly (readonly string[])[];
	private readonly known = new Map<string, readonly Step[]>();
	private readonly children = new Map<string, Set<string>>();
	private ranked: { ref: ClassRef; skip: number; score: number }[] | undefined;

	/**
	 * @param paths module paths of the model's nodes and of its sites
	 * @param weights names of the model's weights, with the dots of the modules that hold them
	 * @param near uri of the model: of equally good classes the nearest to it is taken
	 */
	constructor(
		private readonly code: CodeBase,
		private readonly walk: ModuleWalk,
		paths: Iterable<string>,
		weights: Iterable<string>,
		sites: readonly string[],
		private readonly near: string,
	) {
		const all = new Set<string>(sites);
		for (const name of weights) this.note(`/${name}`);
		for (const path of paths) {
			this.note(path);
			if (all.size < MOST_SAMPLES) all.add(path);
		}
		this.samples = [...all].map(tokensOf).filter((tokens) => tokens.length > 0);
	}

	/** What the code builds at a module path, the likeliest first; empty where the code does not lead there. */
	resolve(path: string): readonly Step[] {
		const before = this.known.get(path);
		if (before) return before;
		const found = this.search(tokensOf(path));
		this.known.set(path, found);
		return found;
	}

	/** The layer of another package that a path leads into, where that is as far as the code goes. */
	foreignOn(path: string): Step | null {
		const tokens = tokensOf(path);
		for (const { ref, skip } of this.roots()) {
			const { steps, depth } = this.follow(ref, tokens.slice(skip), tokens.slice(0, skip));
			const [last] = steps;
			if (depth > 0 && last && last.built.foreign !== '') return last;
		}
		return null;
	}

	/** Names of the modules that the model has below a path. */
	childrenOf(path: string): ReadonlySet<string> {
		return this.children.get(tokensOf(path).join('.')) ?? new Set();
	}

	/** Classes in the order of how near their files are to the model's. */
	nearestFirst(refs: readonly ClassRef[]): ClassRef[] {
		return [...refs].sort((a, b) => this.nearness(b) - this.nearness(a));
	}

	private search(tokens: readonly string[]): readonly Step[] {
		if (tokens.length === 0) return [];
		const found: Step[] = [];
		let best: number | undefined;
		for (const { ref, skip, score } of this.roots()) {
			if (best !== undefined && score < best) break;
			const { steps, depth } = this.follow(ref, tokens.slice(skip), tokens.slice(0, skip));
			if (depth < tokens.length - skip || steps.length === 0) continue;
			best = score;
			// another class that explains as much and leads elsewhere makes the first one less sure
			found.push(
				...(found.length === 0 ? steps : steps.filter((step) => !found.some(isSame(step)))),
			);
		}
		return this.byChildren(found, tokens.join('.'));
	}

	private roots() {
		if (this.ranked) return this.ranked;
		const longest = Math.min(3, Math.max(0, ...this.samples.map((tokens) => tokens.length - 1)));
		const scored: { ref: ClassRef; skip: number; score: number }[] = [];
		const classes = this.code.classes();
		for (let skip = 0; skip <= longest; skip++) {
			// a number is an item of a list, which no class is
			const named = this.samples.flatMap((tokens) => tokens[skip] ?? []);
			const firsts = new Set(named.filter((name) => !/^\d+$/.test(name)));
			for (const ref of classes) {
				if (scored.length >= MOST_ROOTS) break;
				if (!this.walk.mayAssign(ref, firsts)) continue;
				const own = this.walk.attributesOf(ref);
				if (![...firsts].some((first) => has(own, first))) continue;
				const score = this.samples.reduce(
					(sum, tokens) => sum + this.scoreOf(ref, tokens, skip),
					0,
				);
				if (score > 0) scored.push({ ref, skip, score: score - skip * 0.1 });
			}
		}
		scored.sort((a, b) => b.score - a.score || this.nearness(b.ref) - this.nearness(a.ref));
		return (this.ranked = scored.slice(0, 24));
	}

	private scoreOf(ref: ClassRef, tokens: readonly string[], skip: number): number {
		const [first, ...others] = tokens.slice(skip);
		if (first === undefined) return 0;
		const { depth } = this.follow(ref, [first, ...others], tokens.slice(0, skip));
		// a class that sets attributes by names it is given explains everything, and so nothing
		const written = this.walk.attributesOf(ref).has(first) ? 1 : 0.5;
		return (written * depth) / (1 + others.length);
	}

	private follow(ref: ClassRef, tokens: readonly string[], before: readonly string[]): Walked {
		let steps: readonly Step[] = [];
		let at: readonly Built[] = [this.walk.root(ref)];
		for (const [depth, token] of tokens.entries()) {
			const next = at.flatMap((built) => this.walk.step(built, token)).slice(0, MOST_BRANCHES);
			if (next.length === 0) return { steps, depth };
			const path = [...before, ...tokens.slice(0, depth + 1)].join('.');
			steps = this.byChildren(next, path);
			at = steps.map(({ built }) => built);
		}
		return { steps, depth: tokens.length };
	}

	/** Of several things the code may build, those that have most of the attributes the model shows. */
	private byChildren(steps: readonly Step[], path: string): readonly Step[] {
		const wanted = this.children.get(path);
		if (steps.length < 2 || !wanted) return steps;
		const score = ({ built }: Step) => {
			if (!built.class) return built.items ? 0.5 : 0;
			const own = this.walk.attributesOf(built.class);
			return [...wanted].filter((name) => has(own, name)).length;
		};
		const scored = steps.map((step) => ({ step, score: score(step) }));
		const best = Math.max(...scored.map((one) => one.score));
		return scored.filter((one) => one.score === best).map(({ step }) => step);
	}

	private note(path: string): void {
		const tokens = tokensOf(path);
		for (let depth = 0; depth < tokens.length; depth++) {
			const parent = tokens.slice(0, depth).join('.');
			const names = this.children.get(parent) ?? new Set();
			names.add(tokens[depth]!);
			this.children.set(parent, names);
		}
	}

	private nearness(ref: ClassRef): number {
		const [a, b] = [segmentsOf(ref.module.uri), segmentsOf(this.near)];
		let shared = 0;
		while (shared < a.length && a[shared] === b[shared]) shared++;
		return shared;
	}
}

const isSame = (one: Step) => (other: Step) =>
	one.uri === other.uri &&
	one.line === other.line &&
	one.built.class?.class === other.built.class?.class;

const has = (own: ReadonlySet<string>, name: string) =>
	own.has(name) || [...own].some((target) => target.includes('*'));

/**
 * Attribute by attribute: `/layers.0/mlp/mlp.2` gives `layers`, `0`, `mlp`, `2`: the exporter repeats the name of a
 * Sequential before the index of its child.
 */
export function tokensOf(path: string): string[] {
	const tokens: string[] = [];
	let before = '';
	for (const segment of path.split('/')) {
		if (segment === '' || segment.includes('_branch') || segment.endsWith('.body')) continue;
		const own =
			before !== '' && segment.startsWith(`${before}.`)
				? segment.slice(before.length + 1)
				: segment;
		tokens.push(...own.split('.'));
		before = segment;
	}
	return tokens;
}
