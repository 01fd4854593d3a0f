import type { ClassRef } from './code-base.ts';
import type { Assignment, Expression, PythonFunction, PythonModule } from './python-syntax.ts';

export type Call = Extract<Expression, { kind: 'call' }>;

/** A call with what stands around it. */
export interface CallSite {
	readonly call: Call;
	readonly module: PythonModule;
	/** Innermost first. */
	readonly functions: readonly PythonFunction[];
	readonly owner: ClassRef | null;
	/** What the call, or what it gives when called in turn, is assigned to; empty for nothing. */
	readonly target: string;
}

/** Calls of one class, function, or of a module's own statements, by what it was read from. */
const known = new WeakMap<object, readonly CallSite[]>();

/** Calls of a module that build something, or may, where the last part of what is called is `name`; all for no name. */
export function callSitesOf(module: PythonModule, name = ''): CallSite[] {
	const around = { module, functions: [], owner: null };
	const found = [calls(module, (sites) => gatherBody(module, around, sites))];
	for (const f of module.functions.values()) {
		if (f.text.includes(name)) found.push(calls(f, (sites) => gatherFunction(f, around, sites)));
	}
	for (const c of module.everyClass) {
		if (!c.text.includes(name)) continue;
		const inClass = { ...around, owner: { class: c, module } };
		const gatherClass = (sites: CallSite[]) => {
			gatherBody({ assignments: c.assignments, effects: [] }, inClass, sites);
			for (const f of c.methods.values()) gatherFunction(f, inClass, sites);
		};
		found.push(calls(c, gatherClass));
	}
	return found.flatMap((sites) =>
		name === '' ? sites : sites.filter(({ call }) => lastNameOf(call) === name),
	);
}

function calls(of: object, gatherAll: (sites: CallSite[]) => void): readonly CallSite[] {
	const before = known.get(of);
	if (before) return before;
	const sites: CallSite[] = [];
	gatherAll(sites);
	known.set(of, sites);
	return sites;
}

/** The last part of what is called: `Linear` of `nn.Linear(...)`. */
export function lastNameOf({ callee }: Call): string {
	const inner = callee.kind === 'item' ? callee.of : callee;
	return inner.kind === 'name' ? inner.name.slice(inner.name.lastIndexOf('.') + 1) : '';
}

type Around = Omit<CallSite, 'call' | 'target'>;
interface Body {
	readonly assignments: readonly Assignment[];
	readonly effects: readonly Expression[];
}

function gatherFunction(f: PythonFunction, around: Around, found: CallSite[]): void {
	const inside = { ...around, functions: [f, ...around.functions] };
	gatherBody(f, inside, found);
	for (const value of f.returns) gather(value, '', inside, found);
	for (const inner of f.functions.values()) gatherFunction(inner, inside, found);
}

function gatherBody({ assignments, effects }: Body, around: Around, found: CallSite[]): void {
	for (const { target, value } of assignments) gather(value, target, around, found);
	for (const value of effects) gather(value, '', around, found);
}

function gather(value: Expression, target: string, around: Around, found: CallSite[]): void {
	const inner = (part: Expression, at = '') => gather(part, at, around, found);
	switch (value.kind) {
		case 'call':
			found.push({ ...around, call: value, target });
			inner(value.callee, target);
			for (const arg of value.args) inner(arg);
			for (const arg of value.keywords.values()) inner(arg);
			for (const arg of value.spread) inner(arg);
			return;
		case 'member':
		case 'item':
		case 'star':
			inner(value.of, target);
			return;
		case 'each':
			inner(value.item, target);
			return;
		case 'list':
			for (const item of value.items) inner(item, target);
			return;
		case 'either':
			for (const option of value.options) inner(option, target);
			return;
		case 'table':
			for (const [, entry] of value.entries) inner(entry, target);
			return;
		case 'filled':
		case 'name':
		case 'text':
		case 'other':
			return;
	}
}
