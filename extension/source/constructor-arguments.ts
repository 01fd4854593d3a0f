import { placeIn, type Built, type Given, type Place } from './built.ts';
import { callSitesOf, type Call, type CallSite } from './call-sites.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import type { Expression, PythonFunction } from './python-syntax.ts';

const DEEPEST = 24;
const MOST_CALLERS = 16;
/** Functions that hand a module on from one to the next. */
const MOST_FUNCTIONS = 3;

/** What the walk that the arguments are for knows. */
interface Walk {
	root(ref: ClassRef): Built;
	inMethod(ref: ClassRef, method: PythonFunction, from: Built): Place;
}

/** Tells what the parameters of `__init__` are given. */
export class ConstructorArguments {
	private readonly calls = new Map<object, readonly CallSite[]>();

	constructor(
		private readonly code: CodeBase,
		private readonly walk: Walk,
	) {}

	/** What a parameter of `__init__` is given: by the call that builds the module, through the classes derived from it. */
	givenTo(
		ref: ClassRef,
		method: PythonFunction,
		from: Built,
		of: string,
		depth = 0,
	): readonly Given[] {
		const name = nameIn(method, of);
		if (name === null || depth > DEEPEST) return [];
		const otherwise = defaultOf(method, name, placeIn(ref.module));
		const derived = this.derivedInit(ref, from);
		if (derived) {
			const place = this.walk.inMethod(derived.ref, derived.method, from);
			const passed = bound(method, derived.call, name, true);
			if (passed) return [{ value: passed, place }];
			const through = this.givenTo(derived.ref, derived.method, from, name, depth + 1);
			return [
				...spreadOf(derived.call, name, place),
				...(through.length > 0 ? through : otherwise),
			];
		}
		if (from.call) {
			const passed = passedTo(method, from, from.call, name);
			return passed ? [passed] : [...spreadOf(from.call, name, from.place), ...otherwise];
		}
		const called = this.callsOf(from.class ?? ref).flatMap((site): readonly Given[] => {
			const self = site.owner && site.owner.class !== ref.class ? this.walk.root(site.owner) : null;
			return argumentOf(site.call, method, name, this.placeOf(site, self, 0));
		});
		return called.length > 0 ? called : otherwise;
	}

	/** The nearest class below `ref` with an `__init__` of its own, and its call of the one above. */
	private derivedInit(ref: ClassRef, from: Built) {
		const lineage = from.class ? this.code.lineage(from.class) : [];
		const at = lineage.findIndex(({ class: c }) => c === ref.class);
		const below = lineage.slice(0, Math.max(0, at)).reverse();
		for (const derived of below) {
			const method = derived.class.methods.get('__init__');
			if (!method) continue;
			const call = initOfBase(method, ref.class.name);
			return call ? { ref: derived, method, call: withoutSelf(call) } : null;
		}
		return null;
	}

	/** Where a call stands, and what the functions around it are given by those that call them in turn. */
	private placeOf(
		{ module, functions, owner }: CallSite,
		self: Built | null,
		depth: number,
	): Place {
		const given = (name: string): readonly Given[] => {
			const f = functions.find((around) => nameIn(around, name) !== null);
			if (!f || depth >= MOST_FUNCTIONS || owner) return [];
			const called = this.callsOf(f).flatMap((site): readonly Given[] => {
				const holder = site.owner && this.walk.root(site.owner);
				return argumentOf(site.call, f, name, this.placeOf(site, holder, depth + 1), false);
			});
			return called.length > 0 ? called : defaultOf(f, name, placeIn(module));
		};
		return { ...placeIn(module), functions, owner, self, given };
	}

	/** Calls of the workspace that build a class, or call a function. */
	private callsOf(called: ClassRef | PythonFunction): readonly CallSite[] {
		const made = 'class' in called ? called.class : called;
		const known = this.calls.get(made);
		if (known) return known;
		const named = this.code.modules.flatMap((module) => callSitesOf(module, made.name));
		const found = named
			.filter(({ call: { callee, line }, module }) => {
				if (callee.kind !== 'name') return false;
				const meaning = this.code.meaning(callee.name, module, line);
				if (meaning.kind === 'function') return meaning.function === made;
				return meaning.kind === 'class' && meaning.class === made;
			})
			.slice(0, MOST_CALLERS);
		this.calls.set(made, found);
		return found;
	}
}

/** What a call gives for a parameter, if anything. */
function argumentOf(
	call: Call,
	f: PythonFunction,
	of: string,
	place: Place,
	method = true,
): readonly Given[] {
	const name = nameIn(f, of) ?? of;
	const value = bound(f, call, name, method);
	return value ? [{ value, place }] : spreadOf(call, name, place);
}

/** The call of a base's `__init__`: by `super()`, or by the base's own name. */
export const initOfBase = (method: PythonFunction, base: string | null): Call | undefined =>
	method.effects.find(
		(effect): effect is Call =>
			effect.kind === 'call' &&
			effect.callee.kind === 'name' &&
			(effect.callee.name === 'super().__init__' ||
				(base !== null && effect.callee.name === `${base}.__init__`)),
	);

/** What a parameter is given by the call that builds a module, or by a `partial` of its class before. */
function passedTo(
	method: PythonFunction,
	{ place, presets }: Built,
	call: Call,
	name: string,
): Given | undefined {
	const calls = [...presets, { call, place }];
	for (const { call: one, place: there } of [...calls].reverse()) {
		const value = one.keywords.get(name);
		if (value) return { value, place: there };
	}
	let at = method.parameters.indexOf(name) - 1;
	for (const { call: one, place: there } of calls) {
		if (one.args.slice(0, at + 1).some(({ kind }) => kind === 'star')) return undefined;
		const value = at < 0 ? undefined : one.args[at];
		if (value) return { value, place: there };
		at -= one.args.length;
	}
	return undefined;
}

/** `self.`, by whatever name the method has for it. */
export const selfOf = (method: PythonFunction) => `${method.parameters[0] ?? 'self'}.`;

/** `Base.__init__(self, ...)` says the module first. */
function withoutSelf(call: Call): Call {
	const { callee } = call;
	const byClass = callee.kind === 'name' && !callee.name.startsWith('super()');
	return byClass ? { ...call, args: call.args.slice(1) } : call;
}

/** What a call may name a parameter, or an entry of what `**kwargs` gathers; null for what is no parameter. */
export function nameIn({ parameters, rest }: PythonFunction, name: string): string | null {
	if (parameters.includes(name)) return name;
	return rest !== '' && name.startsWith(`${rest}.`) ? name.slice(rest.length + 1) : null;
}

/** What tables that a call spreads, such as `**options`, may give for a parameter. */
export const spreadOf = ({ spread }: Call, name: string, place: Place): Given[] =>
	spread.map((of) => ({
		value:
			of.kind === 'name'
				? { kind: 'name', name: `${of.name}.${name}`, line: of.line }
				: { kind: 'member', of, name, line: of.line },
		place,
	}));

/** The argument that a call gives for a parameter. */
export function bound(
	f: PythonFunction,
	call: Call,
	name: string,
	method: boolean,
): Expression | undefined {
	const named = call.keywords.get(name);
	if (named) return named;
	const at = f.parameters.indexOf(name) - (method ? 1 : 0);
	const before = call.args.slice(0, at + 1);
	return before.some(({ kind }) => kind === 'star') ? undefined : call.args[at];
}

export function defaultOf(f: PythonFunction, name: string, place: Place): readonly Given[] {
	const value = f.defaults.get(name);
	return value ? [{ value, place }] : [];
}
