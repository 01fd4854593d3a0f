import { placeIn, type Built, type Given, type Place } from './built.ts';
import { callSitesOf, type Call, type CallSite } from './call-sites.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import type { Expression, PythonFunction } from './python-syntax.ts';

const DEEPEST = 24;
const MOST_CALLERS = 4;

/** What the walk that the arguments are for knows. */
interface Walk {
	root(ref: ClassRef): Built;
	inMethod(ref: ClassRef, method: PythonFunction, from: Built): Place;
}

/** Tells what the parameters of `__init__` are given. */
export class ConstructorArguments {
	constructor(
		private readonly code: CodeBase,
		private readonly walk: Walk,
	) {}

	/** What a parameter of `__init__` is given: by the call that builds the module, through the classes derived from it. */
	givenTo(
		ref: ClassRef,
		method: PythonFunction,
		from: Built,
		name: string,
		depth = 0,
	): readonly Given[] {
		if (!method.parameters.includes(name) || depth > DEEPEST) return [];
		const otherwise = defaultOf(method, name, placeIn(ref.module));
		const derived = this.derivedInit(ref, from);
		if (derived) {
			const place = this.walk.inMethod(derived.ref, derived.method, from);
			const passed = bound(method, derived.call, name, true);
			if (passed) return [{ value: passed, place }];
			const through = this.givenTo(derived.ref, derived.method, from, name, depth + 1);
			return through.length > 0 ? through : otherwise;
		}
		if (from.call) {
			const value = bound(method, from.call, name, true);
			return value ? [{ value, place: from.place }] : otherwise;
		}
		const called = this.callsOf(from.class ?? ref).flatMap((site): Given[] => {
			const value = bound(method, site.call, name, true);
			const self = site.owner && site.owner.class !== ref.class ? this.walk.root(site.owner) : null;
			const { module, functions, owner } = site;
			return value ? [{ value, place: { ...placeIn(module), functions, owner, self } }] : [];
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
			const call = method.effects.find(
				(effect): effect is Call =>
					effect.kind === 'call' &&
					effect.callee.kind === 'name' &&
					(effect.callee.name === 'super().__init__' ||
						effect.callee.name === `${ref.class.name}.__init__`),
			);
			return call ? { ref: derived, method, call: withoutSelf(call) } : null;
		}
		return null;
	}

	/** Calls of the workspace that build a class. */
	private callsOf(ref: ClassRef): CallSite[] {
		const named = this.code.modules.flatMap((module) => callSitesOf(module, ref.class.name));
		return named
			.filter(({ call, module }) => {
				const { callee } = call;
				const meaning =
					callee.kind === 'name' ? this.code.meaning(callee.name, module, call.line) : null;
				return meaning?.kind === 'class' && meaning.class === ref.class;
			})
			.slice(0, MOST_CALLERS);
	}
}

/** `self.`, by whatever name the method has for it. */
export const selfOf = (method: PythonFunction) => `${method.parameters[0] ?? 'self'}.`;

/** `Base.__init__(self, ...)` says the module first. */
function withoutSelf(call: Call): Call {
	const { callee } = call;
	const byClass = callee.kind === 'name' && !callee.name.startsWith('super()');
	return byClass ? { ...call, args: call.args.slice(1) } : call;
}

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
