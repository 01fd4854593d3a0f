import { assigned, entriesOf, gathered } from './assigned.ts';
import {
	containerOf,
	containers,
	isListOf,
	pick,
	placeIn,
	placeOf,
	unknownIn,
	type Built,
	type Place,
	type Step,
} from './built.ts';
import type { CallSite } from './call-sites.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import { ConstructorArguments, defaultOf, initOfBase, selfOf } from './constructor-arguments.ts';
import { Evaluation } from './evaluate.ts';
import type { Expression, PythonFunction } from './python-syntax.ts';

const DEEPEST = 24;
const MOST_OPTIONS = 24;

/** Walks attribute by attribute through the classes of a code base. */
export class ModuleWalk {
	private readonly attributes = new Map<ClassRef['class'], Set<string>>();
	private readonly constructors: ConstructorArguments;
	private readonly evaluation: Evaluation;

	constructor(private readonly code: CodeBase) {
		this.constructors = new ConstructorArguments(code, this);
		this.evaluation = new Evaluation(code, this);
	}

	/** The module made when a class is built by itself. */
	root(ref: ClassRef): Built {
		return { ...unknownIn(placeOf(ref)), class: ref };
	}

	/** What stands at an attribute or index of a module, classes of the workspace first; several where the code chooses. */
	step(from: Built, token: string): Step[] {
		this.evaluation.begin();
		const steps = from.items
			? this.item(from, from.items, token, 0)
			: this.attribute(from, token, 0);
		const weight = ({ built }: Step) => (built.class || built.items ? 0 : built.foreign ? 1 : 2);
		return steps.sort((a, b) => weight(a) - weight(b)).slice(0, MOST_OPTIONS);
	}

	/** What a call builds, as far as it is told by the code around it. */
	builtBy({ call, module, functions, owner }: CallSite): Built[] {
		this.evaluation.begin();
		const self = owner ? this.root(owner) : null;
		const place = { ...placeIn(module), functions, owner, self };
		return this.evaluation.of(call, place, DEEPEST - 8);
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

	/** What stands at an attribute of a module. */
	attribute(from: Built, token: string, depth: number): Step[] {
		if (!from.class) return [];
		for (const ref of this.code.lineage(from.class)) {
			const steps = this.assignedIn(ref, from, token, depth);
			if (steps.length > 0) return steps;
		}
		const items = this.ownItems(from.class, from);
		return items?.items ? this.item(items, items.items, token, depth) : [];
	}

	/** Items of a class that is a container itself: what its `__init__` hands to the container, else what it is built with. */
	private ownItems(ref: ClassRef, from: Built): Built | null {
		if (!this.code.foreignBases(ref).some((base) => containers.test(base))) return null;
		for (const holder of this.code.lineage(ref)) {
			const method = holder.class.methods.get('__init__');
			if (!method) continue;
			const place = this.inMethod(holder, method, from);
			const call = initOfBase(method, null);
			const items = (call && containerOf(call, place).items) ?? [];
			const self = selfOf(method).slice(0, -1);
			const added = gathered(assigned(self, method.assignments), []);
			const more = added.flatMap(({ value }) => (value.kind === 'filled' ? value.added : []));
			return { ...unknownIn(place), items: [...items, ...more] };
		}
		return from.call && containerOf(from.call, from.place);
	}

	/** A field of a class without `__init__`, as the call that builds it gives it. */
	private field({ class: ref, call, place }: Built, token: string, depth: number): Built[] {
		const value = call?.keywords.get(token);
		if (!ref || !value) return [];
		const own = this.code.lineage(ref).some(({ class: c }) => c.methods.has('__init__'));
		return own ? [] : this.evaluation.of(value, place, depth);
	}

	private assignedIn(ref: ClassRef, from: Built, token: string, depth: number): Step[] {
		const found: Step[] = [];
		const add = (place: Place, whole: ReturnType<typeof gathered>) => {
			for (const { value, line } of whole) {
				const options = this.evaluation.of(value, place, depth);
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
		const field = own.length > 0 ? this.field(from, token, depth) : [];
		if (field.length > 0)
			return field.map((built) => ({
				built,
				uri: from.place.module.uri,
				line: from.call?.line ?? 1,
				holder: ref,
				attribute: token,
			}));
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

	/** What stands at an index or key of a container. */
	item(from: Built, items: readonly Expression[], token: string, depth: number): Step[] {
		if (depth > DEEPEST) return [];
		const { place } = from;
		return pick(items, token).flatMap((expression) => {
			const options = this.evaluation.of(expression, place, depth);
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
}
