import { tableOf } from './assigned.ts';
import type { Call } from './call-sites.ts';
import type { ClassRef } from './code-base.ts';
import type { Expression, PythonFunction, PythonModule } from './python-syntax.ts';

/** An expression where it stands. */
export interface Given {
	readonly value: Expression;
	readonly place: Place;
}

/** Where a name is looked up: a module, and the functions around the expression, innermost first. */
export interface Place {
	readonly module: PythonModule;
	readonly functions: readonly PythonFunction[];
	readonly owner: ClassRef | null;
	/** The module that `self` is, in a method of it. */
	readonly self: Built | null;
	/** What a parameter of the functions around may be. */
	readonly given: (name: string) => readonly Given[];
}

/** A module that the code builds: of a known class, a container of modules, or unknown. */
export interface Built {
	readonly class: ClassRef | null;
	/** Items of a ModuleList, Sequential or ModuleDict; null for no container. */
	readonly items: readonly Expression[] | null;
	readonly place: Place;
	/** The call that built it. */
	readonly call: Call | null;
	/** Arguments given before, by `partial`. */
	readonly presets: readonly { readonly call: Call; readonly place: Place }[];
	/** Where it was built, if that is not where it is asked for. */
	readonly at: { readonly uri: string; readonly line: number } | null;
	/** Whole name of a class of a package that is not in the workspace; empty for none. */
	readonly foreign: string;
}

/** A step of the way through the modules: what stands at an attribute and which line put it there. */
export interface Step {
	readonly built: Built;
	readonly uri: string;
	/** Counting from 1. */
	readonly line: number;
	/** The class that holds it, and the name it has there; of an item those of its container. */
	readonly holder: ClassRef | null;
	readonly attribute: string;
}

const nothing = (): readonly Given[] => [];

export const placeIn = (module: PythonModule): Place => ({
	module,
	functions: [],
	owner: null,
	self: null,
	given: nothing,
});

export const placeOf = (ref: ClassRef): Place => ({ ...placeIn(ref.module), owner: ref });

export const unknownIn = (place: Place, foreign = '', call: Call | null = null): Built => ({
	class: null,
	items: null,
	place,
	call,
	presets: [],
	at: null,
	foreign,
});

export const listOf = (items: readonly Expression[], place: Place): Built => ({
	...unknownIn(place),
	items,
});

export const containers =
	/(^|\.)(ModuleList|Sequential|ModuleDict|OrderedDict|LayerList|LayerDict|list|tuple|dict|chain)$/;

export function containerOf(call: Call, place: Place): Built {
	const table = tableOf([...call.keywords], call.line);
	const { args, callee } = call;
	const joined = callee.kind === 'name' && /(^|\.)chain$/.test(callee.name);
	const opened =
		args.length === 1 || joined
			? args.flatMap((arg) => (arg.kind === 'list' ? arg.items : [arg]))
			: args;
	return { ...listOf([...opened, ...table], place), call };
}

/** The only argument of a container that is not a module itself but holds the modules. */
export function isListOf(expression: Expression): boolean {
	if (expression.kind === 'name' || expression.kind === 'filled' || expression.kind === 'list')
		return true;
	const callee = expression.kind === 'call' ? expression.callee : null;
	return callee?.kind === 'name' && !/(ModuleList|Sequential|ModuleDict)$/.test(callee.name);
}

/** Items of a container that may stand at an index or key. */
export function pick(items: readonly Expression[], token: string): Expression[] {
	const flat = keyed(items).flatMap((item): Expression[] =>
		item.kind === 'list' ? keyed(item.items) : [item],
	);
	const entries = flat.flatMap((item) => (item.kind === 'table' ? item.entries : []));
	const exact = entries.filter(([key]) => key === token);
	if (exact.length > 0) return exact.map(([, value]) => value);
	const loose = entries.filter(([key]) => key.includes('*')).map(([, value]) => value);
	if (loose.length > 0) return loose;
	const rest = flat.filter((item) => item.kind !== 'table');
	const index = Number(token);
	const single = rest.findIndex(({ kind }) => kind === 'each' || kind === 'star');
	const known = single < 0 ? rest.length : single;
	const first = rest[0];
	if (Number.isInteger(index) && (rest.length > 1 || !first || !isListOf(first))) {
		const at = rest[index];
		if (index < known && at) return [at];
		return rest.slice(known).map(inner);
	}
	return rest.map(inner);
}

export const inner = (item: Expression): Expression =>
	item.kind === 'each' ? inner(item.item) : item;

/** `[('name', Module()), ...]`, as OrderedDict takes it, is a table. */
export function keyed(items: readonly Expression[]): Expression[] {
	const entries = items.flatMap((item) => {
		if (item.kind !== 'list' || item.items.length !== 2) return [];
		const [key, value] = item.items;
		return key?.kind === 'text' && value ? [[key.value, value] as const] : [];
	});
	if (entries.length !== items.length || entries.length === 0) return [...items];
	return tableOf(entries, entries[0]![1].line);
}
