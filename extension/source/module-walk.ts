import {
	containerOf,
	entriesOf,
	containers,
	gathered,
	inner,
	isListOf,
	listOf,
	pick,
	placeIn,
	placeOf,
	tableOf,
	unknownIn,
	type Built,
	type Place,
	type Step,
} from './built.ts';
import type { Call, CallSite } from './call-sites.ts';
import { assigned, type ClassRef, type CodeBase, type Meaning } from './code-base.ts';
import { bound, ConstructorArguments, defaultOf, selfOf } from './constructor-arguments.ts';
import type { Expression, PythonFunction, PythonModule } from './python-syntax.ts';

const DEEPEST = 24;
const MOST_OPTIONS = 24;
/** Expressions looked at for one step: what is put together from choices of choices ends here. */
const MOST_LOOKS = 1500;

/** Walks attribute by attribute through the classes of a code base. */
export class ModuleWalk {
	private readonly attributes = new Map<ClassRef['class'], Set<string>>();
	private readonly constructors: ConstructorArguments;
	private looks = 0;

	constructor(private readonly code: CodeBase) {
		this.constructors = new ConstructorArguments(code, this);
	}

	/** The module made when a class is built by itself. */
	root(ref: ClassRef): Built {
		return { ...unknownIn(placeOf(ref)), class: ref };
	}

	/** What stands at an attribute or index of a module, classes of the workspace first; several where the code chooses. */
	step(from: Built, token: string): Step[] {
		this.looks = 0;
		const steps = from.items
			? this.item(from, from.items, token, 0)
			: this.attribute(from, token, 0);
		const weight = ({ built }: Step) => (built.class || built.items ? 0 : built.foreign ? 1 : 2);
		return steps.sort((a, b) => weight(a) - weight(b)).slice(0, MOST_OPTIONS);
	}

	/** What a call builds, as far as it is told by the code around it. */
	builtBy({ call, module, functions, owner }: CallSite): Built[] {
		this.looks = 0;
		const self = owner ? this.root(owner) : null;
		const place = { ...placeIn(module), functions, owner, self };
		return this.evaluate(call, place, DEEPEST - 8);
	}

	/** Whether a class or its bases may assign any of some attributes, judged by their text alone. */
	mayAssign(ref: ClassRef, names: Iterable<string>): boolean {
		const words = [...names, 'setattr', 'add_module', 'register_module'];
		return this.code
			.lineage(ref)
			.some(({ class: { text } }) => words.some((word) => text.includes(word)));
	}

	/** Names of the attributes that a class and its bases assign. */
	attributesOf(ref: ClassRef): Set<string> {
		const known = this.attributes.get(ref.class);
		if (known) return known;
		const names = new Set<string>();
		for (const { class: c } of this.code.lineage(ref)) {
			for (const { target } of c.assignments) names.add(target);
			for (const method of c.methods.values()) {
				const self = selfOf(method);
				for (const { target } of method.assignments) {
					if (target.startsWith(self)) names.add(target.slice(self.length));
				}
			}
		}
		this.attributes.set(ref.class, names);
		return names;
	}

	private attribute(from: Built, token: string, depth: number): Step[] {
		if (!from.class) return [];
		for (const ref of this.code.lineage(from.class)) {
			const steps = this.assignedIn(ref, from, token, depth);
			if (steps.length > 0) return steps;
		}
		return [];
	}

	private assignedIn(ref: ClassRef, from: Built, token: string, depth: number): Step[] {
		const found: Step[] = [];
		const add = (place: Place, whole: ReturnType<typeof gathered>) => {
			for (const { value, line } of whole) {
				const options = this.evaluate(value, place, depth);
				const built = options.length > 0 ? options : [unknownIn(place)];
				found.push(
					...built.map((b) => ({
						built: b,
						...(b.at ?? { uri: ref.module.uri, line }),
						holder: ref,
						attribute: token,
					})),
				);
			}
		};
		for (const method of ref.class.methods.values()) {
			const target = `${selfOf(method)}${token}`;
			const writes = assigned(target, method.assignments);
			const whole = gathered(writes, entriesOf(target, method.assignments));
			if (whole.length > 0) add(this.inMethod(ref, method, from), whole);
		}
		const own = gathered(assigned(token, ref.class.assignments), []);
		add({ ...placeOf(ref), owner: from.class ?? ref }, own);
		return found.slice(0, MOST_OPTIONS);
	}

	/** Inside a method of a module. */
	inMethod(ref: ClassRef, method: PythonFunction, from: Built): Place {
		return {
			module: ref.module,
			functions: [method],
			owner: from.class ?? ref,
			self: from,
			given: (name) =>
				method.name === '__init__'
					? this.constructors.givenTo(ref, method, from, name)
					: defaultOf(method, name, placeIn(ref.module)),
		};
	}

	private item(from: Built, items: readonly Expression[], token: string, depth: number): Step[] {
		if (depth > DEEPEST) return [];
		const { place } = from;
		return pick(items, token).flatMap((expression) => {
			const options = this.evaluate(expression, place, depth);
			const opened = expression.kind === 'star' || (items.length === 1 && isListOf(expression));
			const inside = opened
				? options.flatMap((b) => (b.items ? this.item(b, b.items, token, depth + 1) : []))
				: [];
			if (inside.length > 0) return inside;
			const built = options.length > 0 ? options : [unknownIn(place)];
			return built.map((b) => ({
				built: b,
				...(b.at ?? { uri: place.module.uri, line: expression.line }),
				holder: place.owner,
				attribute: token,
			}));
		});
	}

	/** The modules that an expression may build. */
	private evaluate(expression: Expression, place: Place, depth: number): Built[] {
		if (depth > DEEPEST || ++this.looks > MOST_LOOKS) return [];
		const deeper = (part: Expression) => this.evaluate(part, place, depth + 1);
		switch (expression.kind) {
			case 'call':
				return this.evaluateCall(expression, place, depth);
			case 'name':
				return this.evaluateName(expression, place, depth);
			case 'member':
				return deeper(expression.of).flatMap((built) =>
					this.attribute(built, expression.name, depth + 1).map((step) => step.built),
				);
			case 'item':
				return deeper(expression.of).flatMap((built) => this.anyItem(built, depth));
			case 'either':
				return expression.options.flatMap(deeper).slice(0, MOST_OPTIONS);
			case 'list':
				return [listOf(expression.items, place)];
			case 'each':
			case 'table':
				return [listOf([expression], place)];
			case 'filled':
				return this.evaluateFilled(expression, place, depth);
			case 'star':
				return deeper(expression.of);
			case 'text':
			case 'other':
				return [];
		}
	}

	private evaluateFilled(
		{ of, added, entries, line }: Extract<Expression, { kind: 'filled' }>,
		place: Place,
		depth: number,
	): Built[] {
		const before = of.flatMap((value) => this.evaluate(value, place, depth + 1));
		const more = [...added, ...tableOf(entries, line)];
		if (before.length === 0) return [listOf(more, place)];
		return before.map((built) =>
			built.class ? built : { ...built, items: [...(built.items ?? []), ...more], place },
		);
	}

	private anyItem(built: Built, depth: number): Built[] {
		// `Layer[int]` is the class itself
		if (!built.items) return built.class && !built.call ? [built] : [];
		const items = built.items.flatMap((item) =>
			item.kind === 'table' ? item.entries.map(([, v]) => v) : [inner(item)],
		);
		return items
			.flatMap((item) => this.evaluate(item, built.place, depth + 1))
			.slice(0, MOST_OPTIONS);
	}

	private evaluateCall(call: Call, place: Place, depth: number): Built[] {
		const { callee } = call;
		const here = { uri: place.module.uri, line: call.line };
		const made = (options: readonly Built[]) =>
			options.map((built) =>
				built.call ? { ...built, at: here } : { ...built, call, place, at: here },
			);
		if (callee.kind === 'member') {
			// what a method of a module gives back, such as `.eval()` or `.to(device)`, is taken for the module
			return this.evaluate(callee.of, place, depth + 1);
		}
		if (callee.kind !== 'name') return made(this.evaluate(callee, place, depth + 1));
		const local = this.local(callee.name, place, depth);
		if (local && local.length > 0) return made(local);
		const given = this.giving(callee.name, place, depth);
		if (given.length > 0) return made(given);
		const called = this.functionOf(callee.name, place, call.line);
		if (called) return this.inFunction(called, call, place, depth);
		const own = this.ofSelf(callee.name, place, depth) ?? [];
		if (own.length > 0) return made(own);
		const meaning =
			this.nestedIn(callee.name, place) ?? this.code.meaning(callee.name, place.module, call.line);
		if (meaning.kind === 'function') return [];
		if (meaning.kind === 'class')
			return [{ ...unknownIn(place, '', call), class: meaning, at: here }];
		if (meaning.kind === 'value') {
			const at = { ...placeIn(meaning.module), owner: place.owner };
			return made(meaning.values.flatMap((value) => this.evaluate(value, at, depth + 1)));
		}
		if (containers.test(callee.name)) return [{ ...containerOf(call, place), at: here }];
		const through = this.throughObject(callee.name, call, place, depth);
		if (through.length > 0) return through;
		// a wrapper of another package, such as DataParallel, partial or deepcopy, hands on what it was given
		const handed = [...call.args, ...call.keywords.values()]
			.flatMap((arg) => this.evaluate(arg, place, depth + 1))
			.filter((built) => built.class !== null || built.items !== null)
			.slice(0, MOST_OPTIONS);
		return handed.length > 0 ? handed : [{ ...unknownIn(place, meaning.name, call), at: here }];
	}

	/** `self.make()`, `Layer.from_config()`, `TABLE.get(name)`: by what stands before the last dot. */
	private throughObject(name: string, call: Call, place: Place, depth: number): Built[] {
		const dot = name.lastIndexOf('.');
		if (dot < 0) return [];
		const [object, method] = [name.slice(0, dot), name.slice(dot + 1)];
		const options = this.evaluateName({ name: object, line: call.line }, place, depth + 1);
		return options.flatMap((built) => {
			if (method === 'get' || method === 'pop') return this.anyItem(built, depth);
			// a class method builds its class, whatever it does on the way
			const at = { uri: place.module.uri, line: call.line };
			return built.class ? [built.call ? built : { ...built, call: null, at }] : [];
		});
	}

	private inFunction(
		called: { function: PythonFunction; module: PythonModule; method: boolean },
		call: Call,
		place: Place,
		depth: number,
	): Built[] {
		const { function: f, module, method } = called;
		const inside: Place = {
			...place,
			module,
			functions: [f, ...(module === place.module ? place.functions : [])],
			given: (name) => {
				if (!f.parameters.includes(name)) return place.given(name);
				const value = bound(f, call, name, method);
				return value ? [{ value, place }] : defaultOf(f, name, placeIn(module));
			},
		};
		const at = { uri: place.module.uri, line: call.line };
		return f.returns
			.flatMap((value) => this.evaluate(value, inside, depth + 1))
			.map((built) => ({ ...built, at }))
			.slice(0, MOST_OPTIONS);
	}

	private evaluateName(
		{ name, line }: { readonly name: string; readonly line: number },
		place: Place,
		depth: number,
	): Built[] {
		const local = this.local(name, place, depth);
		if (local) return local;
		const given = this.giving(name, place, depth);
		if (given.length > 0) return given;
		const own = this.ofSelf(name, place, depth);
		if (own) return own;
		const meaning = this.code.meaning(name, place.module, line);
		if (meaning.kind === 'class') return [{ ...unknownIn(place), class: meaning }];
		if (meaning.kind !== 'value') return [];
		const at = { ...placeIn(meaning.module), owner: place.owner };
		return meaning.values
			.flatMap((value) => this.evaluate(value, at, depth + 1))
			.slice(0, MOST_OPTIONS);
	}

	private giving(name: string, place: Place, depth: number): Built[] {
		if (depth > DEEPEST || name.includes('.')) return [];
		return place
			.given(name)
			.flatMap(({ value, place: there }) => this.evaluate(value, there, depth + 1))
			.slice(0, MOST_OPTIONS);
	}

	/** `self.a.b`, by way of the module that `self` is. */
	private ofSelf(name: string, { self, functions, owner }: Place, depth: number): Built[] | null {
		const method = functions.at(-1);
		const from = self ?? (owner && this.root(owner));
		if (!method || !from || !name.startsWith(selfOf(method))) return null;
		let at: readonly Built[] = [from];
		for (const token of name.slice(selfOf(method).length).split('.')) {
			const steps = at.flatMap((built) =>
				built.items
					? this.item(built, built.items, token, depth + 4)
					: this.attribute(built, token, depth + 4),
			);
			at = steps.map(({ built, uri, line }) => ({ ...built, at: built.at ?? { uri, line } }));
		}
		return [...at].filter((built) => built.class !== null || built.items !== null);
	}

	/** A variable of the functions around; null where there is none of that name. */
	private local(name: string, place: Place, depth: number): Built[] | null {
		for (const [at, around] of place.functions.entries()) {
			const self = selfOf(around);
			if (at === place.functions.length - 1 && name.startsWith(self)) return null;
			const whole = gathered(
				assigned(name, around.assignments),
				entriesOf(name, around.assignments),
			);
			if (whole.length > 0) {
				const options = whole.flatMap(({ value }) => this.evaluate(value, place, depth + 2));
				// `x = x or Default()` says nothing of where the first x comes from
				return options.length > 0 ? options.slice(0, MOST_OPTIONS) : null;
			}
		}
		return null;
	}

	/** `self.Inner` is a class that stands in the class. */
	private nestedIn(name: string, { owner, self }: Place): Meaning | null {
		const inner = /^(?:self|cls)\.(\w+)$/.exec(name)?.[1];
		const around = owner ?? self?.class;
		const found = inner !== undefined && around ? this.code.nested(inner, around) : undefined;
		return found && around ? { kind: 'class', class: found, module: around.module } : null;
	}

	/** A function by name: nested in those around, a method of the class, or one of the module. */
	private functionOf(name: string, place: Place, line: number) {
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
