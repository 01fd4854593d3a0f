import { fits } from './assigned.ts';
import { callSitesOf, type CallSite } from './call-sites.ts';
import type { CodeBase } from './code-base.ts';
import { attendingLine, type CodeLine } from './computing-line.ts';
import { bound } from './constructor-arguments.ts';
import type { FoundLink, LadderStep } from './ladder.ts';
import { layerScopesOf } from './layer-scopes.ts';
import type { Expression, PythonFunction, PythonModule } from './python-syntax.ts';

/** A function with a line that attends. */
interface Attending {
	readonly function: PythonFunction;
	readonly module: PythonModule;
	readonly at: CodeLine;
}

interface Match {
	readonly attending: Attending;
	/** The innermost call around it that stands in a scope, or that says the name of one. */
	readonly build: CallSite | null;
	/** How many scopes of the graph those of the code account for. */
	readonly depth: number;
}

const MOST_CALLERS = 24;
const DEEPEST = 12;
const opener = /\b(?:variable_scope|name_scope|named_scope)\(/;
const known = new WeakMap<CodeBase, readonly Attending[]>();

/**
 * The scopes that functions open, such as `bert/encoder/layer_0/attention/self` by `with tf.variable_scope('self'):`, matched
 * from the line that attends outward through what calls its function.
 */
export const fromNameScopes: LadderStep = (site, { code, nodes }) => {
	for (const scopes of layerScopesOf(site, nodes)) {
		const attending = known.get(code) ?? attendingIn(code);
		known.set(code, attending);
		const matches = attending.flatMap((one) => matchesOf(one, scopes, code));
		const deepest = Math.max(0, ...matches.map(({ depth }) => depth));
		const best = matches.filter(({ depth }) => depth === deepest);
		if (deepest >= 1) return linksTo(site.id, best, deepest / scopes.length);
	}
	return [];
};

/** Functions that attend, where the workspace has code that opens scopes at all. */
function attendingIn(code: CodeBase): Attending[] {
	if (!code.modules.some(({ lines }) => lines.some((line) => opener.test(line)))) return [];
	return code.modules.flatMap((module) =>
		functionsOf(module).flatMap((f) => {
			const at = attendingLine({ ...f, module }, [...f.functions.values()]);
			return at ? [{ function: f, module, at }] : [];
		}),
	);
}

function functionsOf({ functions, everyClass }: PythonModule): PythonFunction[] {
	const methods = everyClass.flatMap((c) => [...c.methods.values()]);
	const found = [...functions.values(), ...methods].filter(({ text }) => /softmax/i.test(text));
	// those inside of others are met on the way
	for (const f of found) found.push(...f.functions.values());
	return found;
}

function matchesOf(attending: Attending, scopes: readonly string[], code: CodeBase): Match[] {
	const found: Match[] = [];
	outward(attending.function, attending.at.line, scopes, null, []);
	return found;

	/** @param left scopes of the graph that are not accounted for, outermost first */
	function outward(
		f: PythonFunction,
		line: number,
		left: readonly string[],
		build: CallSite | null,
		inner: readonly PythonFunction[],
	): void {
		if (inner.includes(f) || inner.length > DEEPEST) return;
		const open = scopesAt(f, line);
		const callers = callersOf(f, code);
		for (const caller of callers.length > 0 ? callers : [null]) {
			const names = open.map((scope) => namesIn(scope, f, caller));
			if (names.length > left.length || !names.every((own, at) => own.some((name) => isNamed(name, left[left.length - names.length + at]!)))) continue; // prettier-ignore
			const rest = left.slice(0, left.length - names.length);
			const depth = scopes.length - rest.length;
			if (depth > 0) found.push({ attending, build: build ?? caller, depth });
			const around = caller?.functions[0];
			if (!caller || !around) continue;
			const named = names.length > 0 || scopesAt(around, caller.call.line).length > 0;
			outward(around, caller.call.line, rest, build ?? (named ? caller : null), [...inner, f]);
		}
	}
}

const scopesAt = ({ scopes }: PythonFunction, at: number): Expression[] =>
	scopes.filter(({ line, endLine }) => line <= at && at <= endLine).map(({ name }) => name);

/** What a scope may be called; `*` for what only running would tell. */
function namesIn(scope: Expression, f: PythonFunction, caller: CallSite | null): string[] {
	if (scope.kind === 'text') return [scope.value];
	if (scope.kind === 'either') {
		const told = scope.options.filter(({ kind }) => kind !== 'other');
		return told.flatMap((option) => namesIn(option, f, caller));
	}
	if (scope.kind !== 'name') return ['*'];
	const method = /^(self|cls)$/.test(f.parameters[0] ?? '');
	const given = caller && bound(f, caller.call, scope.name, method);
	const value = given ?? f.defaults.get(scope.name);
	// `scope=None` opens one by another name
	if (value?.kind === 'other') return [];
	return [value?.kind === 'text' ? value.value : '*'];
}

/** A scope that is opened again has a count after its name. */
const isNamed = (pattern: string, scope: string) =>
	fits(pattern, scope) || fits(pattern, scope.replace(/_\d+$/, ''));

function callersOf(f: PythonFunction, code: CodeBase): CallSite[] {
	const named = code.modules.flatMap((module) => callSitesOf(module, f.name));
	return named.filter((site) => calls(site, f, code)).slice(0, MOST_CALLERS);
}

function calls({ call, module, functions }: CallSite, f: PythonFunction, code: CodeBase): boolean {
	const { callee, line } = call;
	if (callee.kind !== 'name') return false;
	// what an object is, only running would tell: a method goes by its name
	if (f.parameters[0] === 'self') return callee.name.endsWith(`.${f.name}`);
	const nested = functions.find((around) => around.functions.has(callee.name));
	if (nested) return nested.functions.get(callee.name) === f;
	const meaning = code.meaning(callee.name, module, line);
	return meaning.kind === 'function' && meaning.function === f;
}

/** @param share of the graph's scopes that the code's account for */
function linksTo(site: string, matches: readonly Match[], share: number): FoundLink[] {
	const [{ attending, build }] = matches as [Match];
	const { function: f, module, at } = attending;
	const lines = new Set(matches.map((match) => `${match.attending.at.uri} ${match.attending.at.line}`)); // prettier-ignore
	const confidence = (0.4 + 0.5 * share) / lines.size;
	const link = { site, how: 'name-scope', found: true, confidence };
	const built: FoundLink[] = build
		? [{ ...link, file: build.module.uri, line: build.call.line, target: 'build' }]
		: [];
	return [
		{ ...link, file: module.uri, line: f.line, target: 'class' },
		...built,
		{ ...link, file: at.uri, line: at.line, target: 'call' },
	];
}
