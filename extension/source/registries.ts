import type { ClassRef, CodeBase, Meaning } from './code-base.ts';
import type { PythonFunction, PythonModule } from './python-syntax.ts';

/** Tells which classes decorators such as `@ATTENTIONS.register('soft')` put into what table. */
export class Registries {
	private known: Map<string, ClassRef[]> | undefined;

	constructor(private readonly code: CodeBase) {}

	/** Classes that are put into what a name means, in the order of the files. */
	of(table: Meaning): readonly ClassRef[] {
		const key = keyOf(table);
		return key === null ? [] : ((this.known ??= this.gather()).get(key) ?? []);
	}

	private gather(): Map<string, ClassRef[]> {
		const found = new Map<string, ClassRef[]>();
		for (const ref of this.code.classes()) {
			for (const decorator of ref.class.decorators) {
				for (const table of this.tablesOf(decorator, ref)) {
					const key = keyOf(table);
					if (key !== null) found.set(key, [...(found.get(key) ?? []), ref]);
				}
			}
		}
		return found;
	}

	private tablesOf(decorator: string, { module, class: c }: ClassRef): Meaning[] {
		const meaning = this.code.meaning(decorator, module, c.line);
		if (meaning.kind === 'function') return this.filledBy(meaning.function, meaning.module);
		const dot = decorator.lastIndexOf('.');
		return dot < 0 ? [meaning] : [this.code.meaning(decorator.slice(0, dot), module, c.line)];
	}

	/** Tables that a function, or one that it gives back, writes into: `TABLE[name] = cls`. */
	private filledBy(f: PythonFunction, module: PythonModule): Meaning[] {
		const own = f.assignments.flatMap(({ target, pattern }) =>
			pattern ? [this.code.meaning(target.slice(0, target.lastIndexOf('.')), module)] : [],
		);
		const inside = [...f.functions.values()].flatMap((inner) => this.filledBy(inner, module));
		return [...own, ...inside];
	}
}

/** What tells one table from another; null for what is none. */
function keyOf(table: Meaning): string | null {
	switch (table.kind) {
		case 'value':
			return `${table.module.uri} ${table.values[0]?.line ?? 0}`;
		case 'class':
			return `${table.module.uri} ${table.class.line}`;
		case 'foreign':
			// of `@torch.jit.script` what stands before the dot is a package
			return /\.[A-Z]\w*$/.test(table.name) ? table.name : null;
		case 'function':
			return null;
	}
}
