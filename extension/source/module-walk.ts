import { assigned, type ClassRef, type CodeBase } from './code-base.ts';
import type { Expression, PythonFunction, PythonModule } from './python-syntax.ts';

/** Where a name is looked up: a module, and the functions around the expression, innermost first. */
interface Place {
	readonly module: PythonModule;
	readonly functions: readonly PythonFunction[];
	readonly owner: ClassRef | null;
	/** What the parameters of the innermost function were given, where the call is known. */
	readonly given: ReadonlyMap<string, Built>;
}

/** A module that the code builds: of a known class, a container of modules, or unknown. */
export interface Built {
	readonly class: ClassRef | null;
	/** Items of a ModuleList, Sequential or ModuleDict; null for no container. */
	readonly items: readonly Expression[] | null;
	readonly place: Place;
	/** Arguments of the call that built it. */
	readonly call: Extract<Expression, { kind: 'call' }> | null;
}

/** A step of the way through the modules: what stands at an attribute and which line put it there. */
export interface Step {
	readonly built: Built;
	readonly uri: string;
	/** Counting from 1. */
	readonly line: number;
}

const DEEPEST = 16;
const MOST_OPTIONS = 24;
const containers =
	/(^|\.)(ModuleList|Sequential|ModuleDict|OrderedDict|LayerList|list|tuple|dict)$/;

/** Walks attribute by attribute through the classes of a code base. */
export class ModuleWalk {
	constructor(private readonly code: CodeBase) {}

	/** The module made when a class is built by itself. */
	root(ref: ClassRef): Built {
		return { class: ref, items: null, place: placeOf(ref), call: null };
	}

	/** What stands at an attribute or index of a module; several where the code chooses. */
	step(from: Built, token: string): Step[] {
		return from.items ? this.item(from, from.items, token) : this.attribute(from, token);
	}

	/** Names of the attributes that a class and its bases assign. */
	attributesOf(ref: ClassRef): Set<string> {
		const names = new Set<string>();
		for (const { class: c } of this.code.lineage(ref)) {
			for (const { target } of c.assignments) names.add(target);
			for (const method of c.methods.values()) {
				const self = `${method.parameters[0] ?? 'self'}.`;
				for (const { target } of method.assignments) {
					if (target.startsWith(self)) names.add(target.slice(self.length));
				}
			}
		}
		return names;
	}

	private attribute(from: Built, token: string): Step[] {
		if (!from.class) return [];
		for (const ref of this.code.lineage(from.class)) {
			const steps = this.assignedIn(ref, from, token);
			if (steps.length > 0) return steps;
		}
		return [];
	}

	private assignedIn(ref: ClassRef, from: Built, token: string): Step[] {
		const found: Step[] = [];
		for (const method of ref.class.methods.values()) {
			const self = method.parameters[0] ?? 'self';
			const place = this.inMethod(ref, method, from);
			const writes = assigned(`${self}.${token}`, method.assignments);
			if (writes.length === 0) continue;
			const whole = gathered(writes);
			for (const { value, line } of whole) {
				const options = this.evaluate(value, place, 0);
				const built = options.length > 0 ? options : [unknownIn(place)];
				found.push(...built.map((b) => ({ built: b, uri: ref.module.uri, line })));
			}
		}
		for (const { value, line } of assigned(token, ref.class.assignments)) {
			const options = this.evaluate(value, placeOf(ref), 0);
			found.push(...options.map((built) => ({ built, uri: ref.module.uri, line })));
		}
		return found.slice(0, MOST_OPTIONS);
	}

	private inMethod(ref: ClassRef, method: PythonFunction, from: Built): Place {
		const given =
			method.name === '__init__' ? this.givenTo(method, from) : new Map<string, Built>();
		return { module: ref.module, functions: [method], owner: from.class ?? ref, given };
	}

	private givenTo(method: PythonFunction, from: Built): Map<string, Built> {
		const given = new Map<string, Built>();
		if (!from.call) return given;
		const [, ...parameters] = method.parameters;
		const bind = (name: string | undefined, value: Expression) => {
			const [built] = name ? this.evaluate(value, from.place, 4) : [];
			if (name && built) given.set(name, built);
		};
		from.call.args.forEach((value, at) => bind(parameters[at], value));
		for (const [name, value] of from.call.keywords) bind(name, value);
		return given;
	}

	private item(from: Built, items: readonly Expression[], token: string): Step[] {
		const { place } = from;
		const chosen = pick(items, token);
		return chosen.flatMap((expression) => {
			const options = this.evaluate(expression, place, 0);
			const opened = expression.kind === 'star' || (items.length === 1 && isListOf(expression));
			const inside = opened
				? options.flatMap((b) => (b.items ? this.item(b, b.items, token) : []))
				: [];
			if (inside.length > 0) return inside;
			const built = options.length > 0 ? options : [unknownIn(place)];
			return built.map((b) => ({ built: b, uri: place.module.uri, line: expression.line }));
		});
	}

	/** The modules that an expression may build. */
	private evaluate(expression: Expression, place: Place, depth: number): Built[] {
		if (depth > DEEPEST) return [];
		const deeper = (inner: Expression) => this.evaluate(inner, place, depth + 1);
		switch (expression.kind) {
			case 'call':
				return this.evaluateCall(expression, place, depth);
			case 'name':
				return this.evaluateName(expression.name, place, depth);
			case 'item':
				return deeper(expression.of).flatMap((built) => this.anyItem(built, depth));
			case 'either':
				return expression.options.flatMap(deeper).slice(0, MOST_OPTIONS);
			case 'list':
				return [{ class: null, items: expression.items, place, call: null }];
			case 'each':
				return [{ class: null, items: [expression], place, call: null }];
			case 'table':
				return [{ class: null, items: [expression], place, call: null }];
			case 'star':
				return deeper(expression.of);
			case 'text':
			case 'other':
				return [];
		}
	}

	private anyItem(built: Built, depth: number): Built[] {
		const inner = (built.items ?? []).flatMap((item) =>
			item.kind === 'table'
				? item.entries.map(([, v]) => v)
				: item.kind === 'each'
					? [item.item]
					: [item],
		);
		return inner
			.flatMap((item) => this.evaluate(item, built.place, depth + 1))
			.slice(0, MOST_OPTIONS);
	}

	private evaluateCall(
		call: Extract<Expression, { kind: 'call' }>,
		place: Place,
		depth: number,
	): Built[] {
		const arguments_ = () =>
			[...call.args, ...call.keywords.values()]
				.flatMap((arg) => this.evaluate(arg, place, depth + 1))
				.slice(0, MOST_OPTIONS);
		const { callee } = call;
		if (callee.kind === 'item') {
			return this.evaluate(callee, place, depth + 1).map((built) => ({ ...built, call }));
		}
		if (callee.kind !== 'name') return arguments_();
		const local = this.local(callee.name, place, depth);
		if (local) return local.map((built) => ({ ...built, call, place }));
		const made = this.functionOf(callee.name, place);
		if (made) {
			const inside: Place = {
				...place,
				module: made.module,
				functions: [made.function, ...place.functions],
			};
			return made.function.returns
				.flatMap((value) => this.evaluate(value, inside, depth + 1))
				.slice(0, MOST_OPTIONS);
		}
		const meaning = this.code.meaning(callee.name, place.module);
		if (meaning.kind === 'class') return [{ class: meaning, items: null, place, call }];
		if (meaning.kind === 'value') {
			const at = { ...placeIn(meaning.module), owner: place.owner };
			const options = meaning.values.flatMap((value) => this.evaluate(value, at, depth + 1));
			return options.map((built) => ({ ...built, call, place }));
		}
		if (containers.test(callee.name)) return [containerOf(call, place)];
		// a wrapper of another package, such as DataParallel, partial or a clone function, hands on what it was given
		return arguments_();
	}

	private evaluateName(name: string, place: Place, depth: number): Built[] {
		const local = this.local(name, place, depth);
		if (local) return local;
		const given = place.given.get(name);
		if (given) return [given];
		const meaning = this.code.meaning(name, place.module);
		if (meaning.kind === 'class') return [{ class: meaning, items: null, place, call: null }];
		if (meaning.kind !== 'value') return [];
		const at = { ...placeIn(meaning.module), owner: place.owner };
		return meaning.values
			.flatMap((value) => this.evaluate(value, at, depth + 1))
			.slice(0, MOST_OPTIONS);
	}

	/** A variable of the functions around; null where there is none of that name. */
	private local(name: string, place: Place, depth: number): Built[] | null {
		for (const around of place.functions) {
			const writes = assigned(name, around.assignments);
			if (writes.length > 0) {
				return gathered(writes)
					.flatMap(({ value }) => this.evaluate(value, place, depth + 2))
					.slice(0, MOST_OPTIONS);
			}
		}
		return null;
	}

	/** A function by name: nested in those around, a method of the class, or one of the module. */
	private functionOf(
		name: string,
		place: Place,
	): { function: PythonFunction; module: PythonModule } | null {
		for (const around of place.functions) {
			const nested = around.functions.get(name);
			if (nested) return { function: nested, module: place.module };
		}
		const method = /^(?:self|cls)\.(\w+)$/.exec(name)?.[1];
		if (method && place.owner) {
			for (const ref of this.code.lineage(place.owner)) {
				const found = ref.class.methods.get(method);
				if (found) return { function: found, module: ref.module };
			}
		}
		const meaning = this.code.meaning(name, place.module);
		return meaning.kind === 'function' ? meaning : null;
	}
}

/** The only argument of a container that is not a module itself but holds the modules. */
function isListOf(expression: Expression): boolean {
	if (expression.kind === 'name') return true;
	const callee = expression.kind === 'call' ? expression.callee : null;
	return callee?.kind === 'name' && !/(ModuleList|Sequential|ModuleDict)$/.test(callee.name);
}

function placeIn(module: PythonModule): Place {
	return { module, functions: [], owner: null, given: new Map() };
}

const placeOf = (ref: ClassRef): Place => ({ ...placeIn(ref.module), owner: ref });

const unknownIn = (place: Place): Built => ({ class: null, items: null, place, call: null });

/** Values written one by one, and those appended as one list. */
function gathered(writes: readonly { value: Expression; line: number; appends: boolean }[]) {
	const added = writes.filter(({ appends }) => appends);
	const plain = writes.filter(({ appends }) => !appends);
	if (added.length === 0) return plain;
	const line = plain[0]?.line ?? added[0]!.line;
	const items = added.map(({ value }): Expression => ({
		kind: 'each',
		item: value,
		line: value.line,
	}));
	return [{ value: { kind: 'list', items, line } as Expression, line, appends: false }];
}

function containerOf(call: Extract<Expression, { kind: 'call' }>, place: Place): Built {
	const named = [...call.keywords].map(([key, value]) => [key, value] as const);
	const table: Expression[] =
		named.length > 0 ? [{ kind: 'table', entries: named, line: call.line }] : [];
	const only = call.args.length === 1 ? call.args[0]! : null;
	const opened = only?.kind === 'list' ? only.items : call.args;
	return { class: null, items: [...opened, ...table], place, call };
}

/** Items of a container that may stand at an index or key. */
function pick(items: readonly Expression[], token: string): Expression[] {
	const flat = items.flatMap((item): Expression[] =>
		item.kind === 'list' ? keyed(item.items) : [item],
	);
	const tables = flat.filter((item) => item.kind === 'table');
	const entry = tables
		.flatMap(({ entries }) => entries)
		.filter(([key]) => key === token || key.includes('*'));
	if (entry.length > 0) return entry.map(([, value]) => value);
	const rest = flat.filter((item) => item.kind !== 'table');
	const index = Number(token);
	const exact = rest.every(
		(item) => item.kind === 'call' || item.kind === 'name' || item.kind === 'either',
	);
	if (exact && Number.isInteger(index) && rest.length > 1) {
		const at = rest[index];
		return at ? [at] : [];
	}
	return rest.map(inner);
}

const inner = (item: Expression): Expression => (item.kind === 'each' ? inner(item.item) : item);

/** `[('name', Module()), ...]`, as OrderedDict takes it, is a table. */
function keyed(items: readonly Expression[]): Expression[] {
	const entries = items.flatMap((item) => {
		if (item.kind !== 'list' || item.items.length !== 2) return [];
		const [key, value] = item.items;
		return key?.kind === 'text' && value ? [[key.value, value] as const] : [];
	});
	if (entries.length !== items.length || entries.length === 0) return [...items];
	return [{ kind: 'table', entries, line: entries[0]![1].line }];
}
