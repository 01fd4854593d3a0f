import { parsePython } from './parse-python.ts';
import type { PythonFile } from './python-file.ts';
import type {
	Assignment,
	Expression,
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
		return this.modules.flatMap((module) =>
			[...module.classes.values()].map((c) => ({ class: c, module })),
		);
	}

	/** A class by the module and name that an exporter gives, such as `models.bert.Attention`. */
	qualified(name: string): ClassRef[] {
		const parts = name.replace(/\.\d+$/, '').split('.');
		const className = parts.at(-1) ?? '';
		const path = parts.slice(0, -1);
		const named = this.classes().filter((ref) => ref.class.name === className);
		if (named.length <= 1 || path[0] === '__main__') return named;
		const inModule = named.filter((ref) => endsWith(modulePath(ref.module), path));
		return inModule.length > 0 ? inModule : named;
	}

	/** What `name`, dotted or not, means in a module. */
	meaning(name: string, module: PythonModule, depth = 0): Meaning {
		if (depth > DEEPEST) return { kind: 'foreign', name };
		const [head = '', ...rest] = name.split('.');
		if (rest.length === 0) return this.plain(head, module, depth);
		for (let cut = rest.length; cut >= 1; cut--) {
			const prefix = [head, ...rest.slice(0, cut - 1)].join('.');
			const imported = module.imports.get(prefix);
			if (!imported) continue;
			const found = this.imported(imported, module);
			const inner = rest.slice(cut - 1).join('.');
			return found ? this.meaning(inner, found, depth + 1) : { kind: 'foreign', name };
		}
		return { kind: 'foreign', name };
	}

	/** The class and its bases, the class itself first, as far as they stand in the workspace. */
	lineage(ref: ClassRef): readonly ClassRef[] {
		const known = this.linear.get(ref.class);
		if (known) return known;
		this.linear.set(ref.class, [ref]);
		const bases = ref.class.bases.flatMap((base) => {
			const name = base.kind === 'item' ? base.of : base;
			if (name.kind !== 'name') return [];
			const meaning = this.meaning(name.name, ref.module);
			return meaning.kind === 'class' ? this.lineage(meaning) : [];
		});
		const seen = new Set<PythonClass>();
		const all = [ref, ...bases].filter(({ class: c }) => !seen.has(c) && seen.add(c));
		this.linear.set(ref.class, all);
		return all;
	}

	private plain(name: string, module: PythonModule, depth: number): Meaning {
		const here = definition(name, module);
		if (here) return this.throughAlias(here, module, depth);
		const notebook = this.cellsOf.get(module);
		for (const peer of notebook ? (this.peers.get(notebook) ?? []) : []) {
			const there = peer === module ? null : definition(name, peer);
			if (there) return this.throughAlias(there, peer, depth);
		}
		const imported = module.imports.get(name) ?? this.peerImport(name, module);
		if (imported) return this.throughImport(imported, module, depth);
		for (const star of module.starImports) {
			const found = this.imported(star, module);
			const meaning = found && this.meaning(name, found, depth + 1);
			if (meaning && meaning.kind !== 'foreign') return meaning;
		}
		return { kind: 'foreign', name };
	}

	private peerImport(name: string, module: PythonModule) {
		const notebook = this.cellsOf.get(module);
		const peers = notebook ? (this.peers.get(notebook) ?? []) : [];
		return peers.map((peer) => peer.imports.get(name)).find((found) => found !== undefined);
	}

	private throughAlias(found: Meaning, module: PythonModule, depth: number): Meaning {
		const [only] = found.kind === 'value' ? found.values : [];
		if (found.kind !== 'value' || found.values.length !== 1 || only?.kind !== 'name') return found;
		const meaning = this.meaning(only.name, module, depth + 1);
		return meaning.kind === 'foreign' ? found : meaning;
	}

	private throughImport(
		imported: { module: string; name: string | null; level: number },
		module: PythonModule,
		depth: number,
	): Meaning {
		const whole = `${imported.module}.${imported.name ?? ''}`;
		const found = this.imported(imported, module);
		if (!found || imported.name === null) return { kind: 'foreign', name: whole };
		return this.meaning(imported.name, found, depth + 1);
	}

	/** The file of an imported module; `from package import module` is looked up as `package/module` too. */
	private imported(
		{ module: name, level }: { module: string; level: number },
		from: PythonModule,
	): PythonModule | null {
		const path = name === '' ? [] : name.split('.');
		const candidates = this.byTail.get(path.at(-1) ?? '') ?? [];
		const fitting = candidates.filter((candidate) => endsWith(modulePath(candidate), path));
		if (fitting.length <= 1 && level === 0) return fitting[0] ?? null;
		const folder = segmentsOf(from.uri).slice(0, -Math.max(1, level));
		const near = (candidate: PythonModule) => sharedHead(segmentsOf(candidate.uri), folder);
		return [...fitting].sort((a, b) => near(b) - near(a))[0] ?? null;
	}
}

function definition(name: string, module: PythonModule): Meaning | null {
	const found = module.classes.get(name);
	if (found) return { kind: 'class', class: found, module };
	const made = module.functions.get(name);
	if (made) return { kind: 'function', function: made, module };
	const values = assigned(name, module.assignments).map(({ value }) => value);
	return values.length > 0 ? { kind: 'value', values, module } : null;
}

/** What is assigned to a target, or added to it. */
export function assigned(
	target: string,
	assignments: readonly Assignment[],
): readonly Assignment[] {
	return assignments.filter((assignment) => fits(assignment, target));
}

function fits({ target: given, pattern }: Assignment, target: string): boolean {
	if (given === target) return true;
	if (!pattern) return false;
	const parts = given.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp(`^${parts.join('[^.]+')}$`).test(target);
}

function modulePath(module: PythonModule): string[] {
	const segments = segmentsOf(module.uri.replace(/\.py$/, ''));
	return segments.at(-1) === '__init__' ? segments.slice(0, -1) : segments;
}

const endsWith = (path: readonly string[], tail: readonly string[]) =>
	tail.every((part, at) => path[path.length - tail.length + at] === part);

function sharedHead(a: readonly string[], b: readonly string[]): number {
	let shared = 0;
	while (shared < a.length && a[shared] === b[shared]) shared++;
	return shared;
}
