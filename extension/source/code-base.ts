import { assigned, entriesOf, gathered } from './assigned.ts';
import { parsePython } from './parse-python.ts';
import type { PythonFile } from './python-file.ts';
import type {
	Around,
	Expression,
	Import,
	PythonClass,
	PythonFunction,
	PythonModule,
} from './python-syntax.ts';
import { segmentsOf } from './remap-path.ts';

/** A class with the text it stands in. */
export interface ClassRef {
	readonly class: PythonClass;
	readonly module: PythonModule;
}

/** What a name means: a class, a function, a value, or something of a package that is not in the workspace. */
export type Meaning =
	| ({ readonly kind: 'class' } & ClassRef)
	| { readonly kind: 'function'; readonly function: PythonFunction; readonly module: PythonModule }
	| {
			readonly kind: 'value';
			readonly values: readonly Expression[];
			readonly module: PythonModule;
	  }
	/** By its whole name, such as `torch.nn.Linear`. */
	| { readonly kind: 'foreign'; readonly name: string };

/** Aliases of aliases end here. */
const DEEPEST = 12;

/** The Python of a workspace: what its names mean across files. */
export class CodeBase {
	readonly modules: readonly PythonModule[];
	private readonly byTail = new Map<string, PythonModule[]>();
	private readonly peers = new Map<string, PythonModule[]>();
	private readonly cellsOf = new Map<PythonModule, string>();
	private linear = new Map<PythonClass, readonly ClassRef[]>();

	constructor(files: readonly PythonFile[]) {
		this.modules = files.map((file) => {
			const module = parsePython(file);
			if (file.notebook) {
				this.cellsOf.set(module, file.notebook);
				this.peers.set(file.notebook, [...(this.peers.get(file.notebook) ?? []), module]);
			}
			return module;
		});
		for (const module of this.modules) {
			const segments = segmentsOf(module.uri.replace(/\.py$/, ''));
			const own = segments.at(-1) === '__init__' ? segments.slice(0, -1) : segments;
			const tail = own.at(-1) ?? '';
			this.byTail.set(tail, [...(this.byTail.get(tail) ?? []), module]);
		}
	}

	/** All classes, file by file. */
	classes(): ClassRef[] {
		return this.modules.flatMap((module) => module.everyClass.map((c) => ({ class: c, module })));
	}

	/**
	 * Classes by the module and name that an exporter gives, such as `models.bert.Attention`.
	 *
	 * @returns `exact` where the files have the path that the exporter gives, else those that share the name alone
	 */
	qualified(name: string): { readonly refs: ClassRef[]; readonly exact: boolean } {
		// a class in a function is `module.function.<locals>.Class`
		const parts = name
			.replace(/\.\d+$/, '')
			.replaceAll('.<locals>', '')
			.split('.');
		const className = parts.at(-1) ?? '';
		const named = this.classes().filter((ref) => ref.class.name === className);
		const wanted = parts.filter((part) => part !== '__main__').reverse();
		const tails = named.map(({ class: c, module }) =>
			sharedHead([...modulePath(module), ...c.path].reverse(), wanted),
		);
		const longest = Math.max(0, ...tails);
		const refs = named.filter((_, at) => tails[at] === longest);
		if (longest > 1 || parts.length === 1 || parts[0] === '__main__') return { refs, exact: true };
		return { refs: parts[0] === 'torch' ? [] : named, exact: false };
	}

	/**
	 * Classes by a name that joins module, class and attributes as `dynamo_export` does:
	 * `models_bert_Attention_layer_0_attention_1` is `models.bert.Attention`.
	 */
	joined(name: string): ClassRef[] {
		const scored = this.classes().flatMap((ref) => {
			const { module, class: c } = ref;
			const own = `_${c.path.join('_')}`;
			const at = `${name}_`.indexOf(`${own}_`);
			if (at < 0) return [];
			const score = joinedTail(modulePath(module), name.slice(0, at));
			return score > 0 ? [{ ref, score }] : [];
		});
		const best = Math.max(0, ...scored.map(({ score }) => score));
		return scored.filter(({ score }) => score === best).map(({ ref }) => ref);
	}

	/**
	 * What `name`, dotted or not, means in a module.
	 *
	 * @param line where it stands: names of the functions around it come first; null for the module's own
	 */
	meaning(name: string, module: PythonModule, line: number | null = null, depth = 0): Meaning {
		if (depth > DEEPEST) return { kind: 'foreign', name };
		const parts = name.split('.');
		const [head = ''] = parts;
		if (parts.length === 1) return this.plain(head, module, line, depth);
		for (let cut = parts.length - 1; cut >= 1; cut--) {
			const imported = this.importOf(parts.slice(0, cut).join('.'), module, line);
			if (!imported) continue;
			const inner = parts.slice(cut).join('.');
			const found = this.moduleOf(imported, module);
			if (found) return this.meaning(inner, found, null, depth + 1);
			const whole = this.throughImport(imported, module, depth);
			return whole.kind === 'foreign'
				? { kind: 'foreign', name: `${whole.name}.${inner}` }
				: this.inside(whole, inner, name);
		}
		return this.inside(this.plain(head, module, line, depth), parts.slice(1).join('.'), name);
	}

	/** A class that stands in another: `Outer.Inner`. */
	private inside(outer: Meaning, inner: string, name: string): Meaning {
		const found =
			outer.kind === 'class'
				? (this.nested(inner, outer) ?? outer.module.classes.get(inner))
				: undefined;
		return found && outer.kind === 'class'
			? { kind: 'class', class: found, module: outer.module }
			: { kind: 'foreign', name };
	}

	/** A class by name that stands in another itself. */
	nested(name: string, { class: outer, module }: ClassRef): PythonClass | undefined {
		return module.everyClass.find(
			(c) => c.name === name && c.within?.kind === 'class' && c.within.line === outer.line,
		);
	}

	/** The class and its bases, the class itself first, as far as they stand in the workspace. */
	lineage(ref: ClassRef): readonly ClassRef[] {
		const known = this.linear.get(ref.class);
		if (known) return known;
		this.linear.set(ref.class, [ref]);
		const bases = basesOf(ref).flatMap((name) => {
			const meaning = this.meaning(name, ref.module, ref.class.line);
			return meaning.kind === 'class' ? this.lineage(meaning) : [];
		});
		const seen = new Set<PythonClass>();
		const all = [ref, ...bases].filter(({ class: c }) => !seen.has(c) && seen.add(c));
		this.linear.set(ref.class, all);
		return all;
	}

	/** Whole names of the bases of a class, and of its bases, that are not in the workspace. */
	foreignBases(ref: ClassRef): string[] {
		return this.lineage(ref).flatMap((one) =>
			basesOf(one).flatMap((name) => {
				const meaning = this.meaning(name, one.module, one.class.line);
				return meaning.kind === 'foreign' ? [meaning.name] : [];
			}),
		);
	}

	private plain(name: string, module: PythonModule, line: number | null, depth: number): Meaning {
		const imported = this.importOf(name, module, line);
		const here = definition(name, module, line);
		// `name = None` beside an import is what stands in where the import fails
		if (here && !(imported && (isNothing(here) || isElsewhere(here, line))))
			return this.throughAlias(here, module, depth);
		for (const peer of this.peersOf(module)) {
			const there = peer === module ? null : definition(name, peer);
			if (there) return this.throughAlias(there, peer, depth);
		}
		if (imported) return this.throughImport(imported, module, depth);
		for (const star of module.starImports) {
			const found = this.imported(star, module);
			const meaning = found && this.meaning(name, found, null, depth + 1);
			if (meaning && meaning.kind !== 'foreign') return meaning;
		}
		return { kind: 'foreign', name };
	}

	private importOf(name: string, module: PythonModule, line: number | null): Import | undefined {
		const around = module.localImports.filter(
			({ local, within }) => local === name && holds(within, line),
		);
		return (
			innermost(around)?.found ??
			module.imports.get(name) ??
			this.peersOf(module)
				.map((peer) => peer.imports.get(name))
				.find((found) => found !== undefined)
		);
	}

	private peersOf(module: PythonModule): readonly PythonModule[] {
		const notebook = this.cellsOf.get(module);
		return notebook ? (this.peers.get(notebook) ?? []) : [];
	}

	private throughAlias(found: Meaning, module: PythonModule, depth: number): Meaning {
		const [only] = found.kind === 'value' ? found.values : [];
		if (found.kind !== 'value' || found.values.length !== 1 || only?.kind !== 'name') return found;
		const meaning = this.meaning(only.name, module, only.line, depth + 1);
		return meaning.kind === 'foreign' ? found : meaning;
	}

	private throughImport(imported: Import, module: PythonModule, depth: number): Meaning {
		const { name } = imported;
		const foreign: Meaning = {
			kind: 'foreign',
			name: [imported.module, name].filter((part) => part).join('.'),
		};
		const found = name === null ? null : this.imported(imported, module);
		if (depth > DEEPEST) return foreign;
		if (found && name !== null) {
			const meaning = this.meaning(name, found, null, depth + 1);
			if (meaning.kind !== 'foreign') return meaning;
			const inside = this.inPackage(name, found);
			if (inside) return inside;
			if (meaning.name.includes('.')) return meaning;
		}
		const before = imported.before && this.throughImport(imported.before, module, depth + 1);
		return before && before.kind !== 'foreign' ? before : foreign;
	}

	/** A class of the files of a package that fetches its names as they are asked for: by name, where only one has it. */
	private inPackage(name: string, init: PythonModule): Meaning | null {
		if (!init.uri.endsWith('/__init__.py')) return null;
		const folder = init.uri.slice(0, -'__init__.py'.length);
		const found = this.modules.flatMap((module) => {
			const c = module.uri.startsWith(folder) ? module.classes.get(name) : undefined;
			return c && c.within === null ? [{ kind: 'class', class: c, module } as const] : [];
		});
		return found.length === 1 ? found[0]! : null;
	}

	/** The file that a name in a module stands for. */
	moduleNamed(name: string, module: PythonModule): PythonModule | null {
		const imported = this.importOf(name, module, null);
		return imported ? this.moduleOf(imported, module) : null;
	}

	/** The file that an imported name stands for, where it stands for one: `import a.b`, or `from a import b` of a module b. */
	private moduleOf(imported: Import, from: PythonModule): PythonModule | null {
		const { module, name, level } = imported;
		if (name === null) return this.imported(imported, from);
		const found = this.imported(imported, from);
		if (found && definition(name, found)) return null;
		return this.imported({ module: module === '' ? name : `${module}.${name}`, level }, from);
	}

	/** The file of an imported module. */
	private imported(
		{ module: name, level }: { module: string; level: number },
		from: PythonModule,
	): PythonModule | null {
		const path = name === '' ? [] : name.split('.');
		const folder = segmentsOf(from.uri).slice(0, -Math.max(1, level));
		const wanted = level > 0 ? [...folder, ...path] : path;
		const candidates = this.byTail.get(wanted.at(-1) ?? '') ?? [];
		const exact =
			level > 0 ? candidates.find((candidate) => same(modulePath(candidate), wanted)) : null;
		if (exact) return exact;
		// a copy of one file of a package beside another's: the dots are of no use then
		const fitting = candidates.filter(
			(candidate) => path.length > 0 && endsWith(modulePath(candidate), path),
		);
		const near = (candidate: PythonModule) => sharedHead(segmentsOf(candidate.uri), folder);
		return [...fitting].sort((a, b) => near(b) - near(a))[0] ?? null;
	}
}

/** Whether all that a name is given builds nothing. */
const isNothing = (found: Meaning) =>
	found.kind === 'value' && found.values.every(({ kind }) => kind === 'other');

/** Names of the bases; `Base[int]` is `Base`. */
const basesOf = ({ class: c }: ClassRef) =>
	c.bases.flatMap((base) => {
		const name = base.kind === 'item' ? base.of : base;
		return name.kind === 'name' ? [name.name] : [];
	});

/** Whether a class stands in a function or class that does not hold the line. */
const isElsewhere = (found: Meaning, line: number | null) =>
	found.kind === 'class' && found.class.within !== null && !holds(found.class.within, line);

const holds = (part: Around, line: number | null) =>
	line !== null && part.line <= line && line <= part.endLine;

/** Of things around one line that which begins last. */
const innermost = <T extends { readonly within: Around | null }>(all: readonly T[]) =>
	[...all].sort((a, b) => (b.within?.line ?? 0) - (a.within?.line ?? 0))[0];

const inFunctions = new WeakMap<PythonModule, Map<string, PythonClass[]>>();

/** The class that a line means by a name: of those in the functions around it the innermost, else the module's. */
function classSeen(name: string, module: PythonModule, line: number | null) {
	let local = inFunctions.get(module);
	if (!local) {
		local = new Map();
		for (const c of module.everyClass)
			if (c.within?.kind === 'function') local.set(c.name, [...(local.get(c.name) ?? []), c]);
		inFunctions.set(module, local);
	}
	const around = local.get(name)?.filter(({ within }) => within && holds(within, line));
	return innermost(around ?? []) ?? module.classes.get(name);
}

function definition(
	name: string,
	module: PythonModule,
	line: number | null = null,
): Meaning | null {
	const found = classSeen(name, module, line);
	if (found) return { kind: 'class', class: found, module };
	const made = module.functions.get(name);
	if (made) return { kind: 'function', function: made, module };
	const { assignments } = module;
	const given = gathered(assigned(name, assignments), entriesOf(name, assignments));
	const values = given.map(({ value }) => value);
	return values.length > 0 ? { kind: 'value', values, module } : null;
}

function modulePath(module: PythonModule): string[] {
	const segments = segmentsOf(module.uri.replace(/\.py$/, ''));
	return segments.at(-1) === '__init__' ? segments.slice(0, -1) : segments;
}

/** How many segments of a path, counted from its end, a text that joins a path by `_` ends with. */
function joinedTail(path: readonly string[], text: string): number {
	const count = path.findIndex((_, at) => `_${text}`.endsWith(`_${path.slice(at).join('_')}`));
	return count < 0 ? Number(text === '__main__') : path.length - count;
}

const same = (a: readonly string[], b: readonly string[]) =>
	a.length === b.length && endsWith(a, b);

const endsWith = (path: readonly string[], tail: readonly string[]) =>
	tail.every((part, at) => path[path.length - tail.length + at] === part);

function sharedHead(a: readonly string[], b: readonly string[]): number {
	let shared = 0;
	while (shared < a.length && a[shared] === b[shared]) shared++;
	return shared;
}
