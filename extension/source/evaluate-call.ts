import {
	containerOf,
	containers,
	listOf,
	placeIn,
	unknownIn,
	type Built,
	type Place,
} from './built.ts';
import type { Call } from './call-sites.ts';
import type { CodeBase, Meaning } from './code-base.ts';
import { bound, defaultOf, nameIn, spreadOf } from './constructor-arguments.ts';
import type { Expression, PythonFunction, PythonModule } from './python-syntax.ts';
import { Registries } from './registries.ts';

const MOST_OPTIONS = 24;

/** What calls need told of the expressions around and in them. */
interface Expressions {
	of(expression: Expression, place: Place, depth: number): Built[];
	name(
		name: { readonly name: string; readonly line: number },
		place: Place,
		depth: number,
	): Built[];
	local(name: string, place: Place, depth: number): Built[] | null;
	giving(name: string, place: Place, depth: number): Built[];
	ofSelf(name: string, place: Place, depth: number): Built[] | null;
	ofObject(name: string, place: Place, line: number, depth: number): Built[];
	anyItem(built: Built, depth: number): Built[];
}

interface Called {
	readonly function: PythonFunction;
	readonly module: PythonModule;
	/** Whether its first parameter is the object or class it is called on. */
	readonly method: boolean;
}

/** Tells which modules a call may build: of a class, by a function of the workspace, or through what hands on modules. */
export class CallEvaluation {
	private readonly registries: Registries;

	constructor(
		private readonly code: CodeBase,
		private readonly evaluation: Expressions,
	) {
		this.registries = new Registries(code);
	}

	of(call: Call, place: Place, depth: number): Built[] {
		const { callee, line } = call;
		const here = { uri: place.module.uri, line };
		const made = (options: readonly Built[]) =>
			options.map((built) =>
				built.call ? { ...built, at: here } : { ...built, call, place, at: here },
			);
		if (callee.kind === 'member') {
			const options = this.evaluation.of(callee.of, place, depth + 1);
			return options.flatMap((built) => this.taken(built, callee.name, call, place, depth));
		}
		if (callee.kind !== 'name') return made(this.evaluation.of(callee, place, depth + 1));
		const { name } = callee;
		const local = this.evaluation.local(name, place, depth);
		if (local && local.length > 0) return made(local);
		const given = this.evaluation.giving(name, place, depth);
		if (given.length > 0) return made(given);
		const called = this.functionOf(name, place, line);
		if (called) return this.inFunction(called, call, place, depth);
		const own = this.evaluation.ofSelf(name, place, depth) ?? [];
		if (own.length > 0) return made(own);
		const meaning = this.nestedIn(name, place) ?? this.code.meaning(name, place.module, line);
		if (meaning.kind === 'function') return [];
		if (meaning.kind === 'class') {
			const built = { ...unknownIn(place, '', call), class: meaning, at: here };
			const other = this.ofMethod('__new__', built, call, place, depth);
			return other.length > 0 ? other : [built];
		}
		if (meaning.kind === 'value') {
			const at = { ...placeIn(meaning.module), owner: place.owner };
			return made(meaning.values.flatMap((value) => this.evaluation.of(value, at, depth + 1)));
		}
		if (containers.test(name)) return [{ ...containerOf(call, place), at: here }];
		const through = this.throughObject(name, call, place, depth);
		if (through.length > 0) return through;
		const held = this.evaluation.ofObject(name, place, line, depth);
		if (held.length > 0) return made(held);
		const known = this.ofPython(name, call, place, depth);
		if (known) return known;
		// a wrapper of another package, such as DataParallel or deepcopy, hands on what it was given
		const handed = [...call.args, ...call.keywords.values()]
			.flatMap((arg) => this.evaluation.of(arg, place, depth + 1))
			.filter((built) => built.class !== null || built.items !== null)
			.slice(0, MOST_OPTIONS);
		return handed.length > 0 ? handed : [{ ...unknownIn(place, meaning.name, call), at: here }];
	}

	/** Classes that decorators put into a table. */
	registered(name: string, place: Place, line: number): Built[] {
		const table = this.code.meaning(name, place.module, line);
		const refs = this.registries.of(table).slice(0, MOST_OPTIONS);
		return refs.map((ref) => ({ ...unknownIn(place), class: ref }));
	}

	/** `partial`, `getattr` and `globals`. */
	private ofPython(name: string, call: Call, place: Place, depth: number): Built[] | null {
		const [first, second, ...rest] = call.args;
		if (/(^|\.)partial$/.test(name) && first) {
			const bare = { ...call, args: call.args.slice(1) };
			const called = first.kind === 'name' && this.functionOf(first.name, place, first.line);
			if (called) return this.inFunction(called, bare, place, depth);
			return this.evaluation
				.of(first, place, depth + 1)
				.map((built) =>
					built.call ? built : { ...built, presets: [...built.presets, { call: bare, place }] },
				);
		}
		if (name === 'type' && rest.length === 1 && second)
			return this.evaluation
				.of(second, place, depth + 1)
				.flatMap((bases) => this.evaluation.anyItem(bases, depth + 1));
		if (name === 'globals') return [this.namesIn(place.module)];
		if (name !== 'getattr' || !first || !second || rest.length > 1) return null;
		const module = first.kind === 'name' && this.code.moduleNamed(first.name, place.module);
		if (!module) {
			if (second.kind !== 'text') return null;
			const member = { kind: 'member', of: first, name: second.value, line: call.line } as const;
			return this.evaluation.of(member, place, depth + 1);
		}
		if (second.kind !== 'text') return this.evaluation.anyItem(this.namesIn(module), depth + 1);
		return this.evaluation.name({ name: second.value, line: 0 }, placeIn(module), depth + 1);
	}

	private namesIn(module: PythonModule): Built {
		const names = [...module.classes.keys(), ...module.imports.keys()];
		const items = names.map((name) => ({ kind: 'name', name, line: 0 }) as const);
		return listOf(items, placeIn(module));
	}

	/** `self.make()`, `Layer.from_config()`, `TABLE.get(name)`: by what stands before the last dot. */
	private throughObject(name: string, call: Call, place: Place, depth: number): Built[] {
		const dot = name.lastIndexOf('.');
		if (dot < 0) return [];
		const [object, method] = [name.slice(0, dot), name.slice(dot + 1)];
		const { line } = call;
		const at = { uri: place.module.uri, line };
		if (/^(build|create|make|get|by_name)/.test(method)) {
			const table = this.registered(object, place, line);
			if (table.length > 0)
				return method === 'get' ? table : table.map((built) => ({ ...built, call, at }));
		}
		const options = this.evaluation.name({ name: object, line }, place, depth + 1);
		return options.flatMap((built) => {
			if (built.items) return this.taken(built, method, call, place, depth);
			if (!built.class) return [];
			const made = this.ofMethod(method, built, call, place, depth);
			if (made.length > 0) return made;
			// a class method builds its class, whatever it does on the way
			return [built.call ? built : { ...built, call: null, at }];
		});
	}

	/** What a method gives back of a table or of a module. */
	private taken(built: Built, method: string, call: Call, place: Place, depth: number): Built[] {
		// such as `.eval()`, `.to(device)` or `.items()`: taken for the module or table
		if (!/^(get|pop|setdefault)$/.test(method) || !built.items) return [built];
		const otherwise = call.args[1];
		const found = this.evaluation.anyItem(built, depth);
		return otherwise ? [...found, ...this.evaluation.of(otherwise, place, depth + 1)] : found;
	}

	/** What a method of a class of the workspace builds; empty where that cannot be told. */
	private ofMethod(name: string, on: Built, call: Call, place: Place, depth: number): Built[] {
		if (!on.class) return [];
		for (const { class: c, module } of this.code.lineage(on.class)) {
			const found = c.methods.get(name);
			if (!found) continue;
			const method = /^(self|cls)$/.test(found.parameters[0] ?? '');
			const inside = { ...place, functions: [], owner: on.class, self: on };
			return this.inFunction({ function: found, module, method }, call, inside, depth).filter(
				(built) => built.class !== null || built.items !== null,
			);
		}
		return [];
	}

	private inFunction(called: Called, call: Call, place: Place, depth: number): Built[] {
		const { function: f, module, method } = called;
		const inside: Place = {
			...place,
			module,
			functions: [f, ...(module === place.module ? place.functions : [])],
			given: (of) => {
				const name = nameIn(f, of);
				if (name === null) return place.given(of);
				const value = bound(f, call, name, method);
				if (value) return [{ value, place }];
				return [...spreadOf(call, name, place), ...defaultOf(f, name, placeIn(module))];
			},
		};
		const at = { uri: place.module.uri, line: call.line };
		return f.returns
			.flatMap((value) => this.evaluation.of(value, inside, depth + 1))
			.map((built) => ({ ...built, at }))
			.slice(0, MOST_OPTIONS);
	}

	/** `self.Inner` is a class that stands in the class. */
	private nestedIn(name: string, { owner, self }: Place): Meaning | null {
		const inner = /^(?:self|cls)\.(\w+)$/.exec(name)?.[1];
		const around = owner ?? self?.class;
		const found = inner !== undefined && around ? this.code.nested(inner, around) : undefined;
		return found && around ? { kind: 'class', class: found, module: around.module } : null;
	}

	/** A function by name: nested in those around, a method of the class, or one of the module. */
	private functionOf(name: string, place: Place, line: number): Called | null {
		for (const around of place.functions) {
			const nested = around.functions.get(name);
			if (nested) return { function: nested, module: place.module, method: false };
		}
		const method = /^(?:self|cls|super\(\))\.(\w+)$/.exec(name)?.[1];
		if (method && place.owner) {
			for (const ref of this.code.lineage(place.owner)) {
				const found = ref.class.methods.get(method);
				if (found) return { function: found, module: ref.module, method: true };
			}
		}
		const meaning = this.code.meaning(name, place.module, line);
		return meaning.kind === 'function' ? { ...meaning, method: false } : null;
	}
}
