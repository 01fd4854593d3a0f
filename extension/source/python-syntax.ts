/** An expression as far as it says what module is built. Lines count from 1. */
export type Expression =
	| {
			readonly kind: 'call';
			readonly callee: Expression;
			readonly args: readonly Expression[];
			readonly keywords: ReadonlyMap<string, Expression>;
			/** Tables of more keywords: `**options`. */
			readonly spread: readonly Expression[];
			readonly line: number;
	  }
	/** `a` or `a.b.c`. */
	| { readonly kind: 'name'; readonly name: string; readonly line: number }
	/** `of.name` where `of` is no name itself. */
	| {
			readonly kind: 'member';
			readonly of: Expression;
			readonly name: string;
			readonly line: number;
	  }
	/** `of[...]`: any item of a table or list. */
	| { readonly kind: 'item'; readonly of: Expression; readonly line: number }
	| { readonly kind: 'list'; readonly items: readonly Expression[]; readonly line: number }
	/** A comprehension, or a list times a number: the same item over and over. */
	| { readonly kind: 'each'; readonly item: Expression; readonly line: number }
	| {
			readonly kind: 'table';
			readonly entries: readonly (readonly [string, Expression])[];
			readonly line: number;
	  }
	| { readonly kind: 'either'; readonly options: readonly Expression[]; readonly line: number }
	/** A value that modules are added to afterwards, one after the other or by name. */
	| {
			readonly kind: 'filled';
			readonly of: readonly Expression[];
			readonly added: readonly Expression[];
			readonly entries: readonly (readonly [string, Expression])[];
			readonly line: number;
	  }
	| { readonly kind: 'text'; readonly value: string; readonly line: number }
	| { readonly kind: 'star'; readonly of: Expression; readonly line: number }
	| { readonly kind: 'other'; readonly line: number };

/** `target = value`, `target.append(value)` and their like; a target may be `self.x`. */
export interface Assignment {
	readonly target: string;
	readonly value: Expression;
	readonly line: number;
	/** The value joins a list instead of replacing it. */
	readonly appends: boolean;
	/** `target` holds `*` where a name is put together from parts that only running would tell. */
	readonly pattern: boolean;
}

export interface PythonFunction {
	readonly name: string;
	readonly line: number;
	readonly endLine: number;
	/** Of the whole definition: tells at once whether a word can be inside. */
	readonly text: string;
	readonly parameters: readonly string[];
	/** What gathers further keywords, such as `kwargs`; empty for nothing. */
	readonly rest: string;
	/** What parameters are said to be, where that is a name. */
	readonly annotations: ReadonlyMap<string, string>;
	/** Values of parameters that a call may leave out. */
	readonly defaults: ReadonlyMap<string, Expression>;
	readonly assignments: readonly Assignment[];
	/** Calls that stand for themselves, such as `super().__init__(d)`. */
	readonly effects: readonly Expression[];
	readonly returns: readonly Expression[];
	readonly functions: ReadonlyMap<string, PythonFunction>;
	/** Those of functions inside of it too. */
	readonly scopes: readonly NameScope[];
}

/** `with variable_scope(name):`, and the lines that it holds for. */
export interface NameScope {
	readonly name: Expression;
	readonly line: number;
	readonly endLine: number;
}

/** A class or function that something stands in. */
export interface Around {
	readonly kind: 'class' | 'function';
	readonly line: number;
	readonly endLine: number;
}

export interface PythonClass {
	readonly name: string;
	/** Names of the classes and functions around it, outermost first, then its own. */
	readonly path: readonly string[];
	/** What it stands in; null for the module itself. */
	readonly within: Around | null;
	readonly line: number;
	readonly endLine: number;
	/** Of the whole definition: tells at once whether a word can be inside. */
	readonly text: string;
	readonly bases: readonly Expression[];
	/** What each decorator calls or is, such as `ATTENTIONS.register`. */
	readonly decorators: readonly string[];
	readonly assignments: readonly Assignment[];
	readonly methods: ReadonlyMap<string, PythonFunction>;
}

/** Where a name comes from: `from module import name`, or `import module` where `name` is null. */
export interface Import {
	readonly module: string;
	readonly name: string | null;
	/** Leading dots of a relative import. */
	readonly level: number;
	/** What the name was imported from before, as in a `try` with what stands in where that fails. */
	readonly before?: Import | undefined;
}

/** An import inside of a function or class, and the name it has there. */
export interface LocalImport {
	readonly local: string;
	readonly found: Import;
	readonly within: Around;
}

export interface PythonModule {
	readonly uri: string;
	/** Those inside of functions and other classes too, unless an outer one has their name. */
	readonly classes: ReadonlyMap<string, PythonClass>;
	/** Those whose name others have too, each by the place that it stands in. */
	readonly everyClass: readonly PythonClass[];
	readonly functions: ReadonlyMap<string, PythonFunction>;
	readonly assignments: readonly Assignment[];
	readonly effects: readonly Expression[];
	/** Those inside of functions too, unless an outer one has their name. */
	readonly imports: ReadonlyMap<string, Import>;
	readonly localImports: readonly LocalImport[];
	/** Modules imported whole: `from module import *`. */
	readonly starImports: readonly Import[];
	readonly lines: readonly string[];
}
