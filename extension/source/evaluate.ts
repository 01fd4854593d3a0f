import { assigned, entriesOf, gathered, tableOf } from './assigned.ts';
import {
	inner,
	keyed,
	listOf,
	placeIn,
	unknownIn,
	type Built,
	type Place,
	type Step,
} from './built.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import { selfOf } from './constructor-arguments.ts';
import { CallEvaluation } from './evaluate-call.ts';
import type { Expression } from './python-syntax.ts';

const DEEPEST = 24;
const MOST_OPTIONS = 24;
/** Expressions looked at for one step: what is put together from choices of choices ends here. */
const MOST_LOOKS = 1500;

/** The walk from module to module that evaluating an expression may need. */
export interface Steps {
	root(ref: ClassRef): Built;
	attribute(from: Built, token: string, depth: number): Step[];
	item(from: Built, items: readonly Expression[], token: string, depth: number): Step[];
}

/** Tells which modules an expression may build. Nothing is run: where the code chooses, each choice is given. */
export class Evaluation {
	private readonly calls: CallEvaluation;
	private looks = 0;

	constructor(
		private readonly code: CodeBase,
		readonly steps: Steps,
	) {
		this.calls = new CallEvaluation(code, this);
	}

	/** To be called before each step of a walk: looks are counted from here. */
	begin(): void {
		this.looks = 0;
	}

	/** The modules that an expression may build. */
	of(expression: Expression, place: Place, depth: number): Built[] {
		if (depth > DEEPEST || ++this.looks > MOST_LOOKS) return [];
		const deeper = (part: Expression) => this.of(part, place, depth + 1);
		switch (expression.kind) {
			case 'call':
				return this.calls.of(expression, place, depth);
			case 'name':
				return this.name(expression, place, depth);
			case 'member':
				return deeper(expression.of)
					.flatMap((built) => this.step(built, expression.name, depth + 1))
					.map(({ built }) => built);
			case 'item':
				return this.item(expression.of, place, depth);
			case 'either':
				return expression.options.flatMap(deeper).slice(0, MOST_OPTIONS);
			case 'list':
				return [listOf(expression.items, place)];
			case 'each':
			case 'table':
				return [listOf([expression], place)];
			case 'filled':
				return this.filled(expression, place, depth);
			case 'star':
				return deeper(expression.of);
			case 'text':
			case 'other':
				return [];
		}
	}

	private filled(
		{ of, added, entries, line }: Extract<Expression, { kind: 'filled' }>,
		place: Place,
		depth: number,
	): Built[] {
		const before = of.flatMap((value) => this.of(value, place, depth + 1));
		const more = [...added, ...tableOf(entries, line)];
		if (before.length === 0) return [listOf(more, place)];
		return before.map((built) =>
			built.class ? built : { ...built, items: [...(built.items ?? []), ...more], place },
		);
	}

	private item(of: Expression, place: Place, depth: number): Built[] {
		const table = of.kind === 'name' ? this.calls.registered(of.name, place, of.line) : [];
		const options = this.of(of, place, depth + 1).flatMap((built) => this.anyItem(built, depth));
		return [...table, ...options].slice(0, MOST_OPTIONS);
	}

	anyItem(built: Built, depth: number): Built[] {
		// `Layer[int]` is the class itself
		if (!built.items) return built.class && !built.call ? [built] : [];
		const items = keyed(built.items).flatMap((item) =>
			item.kind === 'table' ? item.entries.map(([, v]) => v) : [inner(item)],
		);
		return items.flatMap((item) => this.of(item, built.place, depth + 1)).slice(0, MOST_OPTIONS);
	}

	name(
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
		if (meaning.kind !== 'value') return this.ofObject(name, place, line, depth);
		const at = { ...placeIn(meaning.module), owner: place.owner };
		return meaning.values.flatMap((value) => this.of(value, at, depth + 1)).slice(0, MOST_OPTIONS);
	}

	/** What the caller gives for a parameter. */
	giving(name: string, place: Place, depth: number): Built[] {
		if (depth > DEEPEST || (name.includes('.') && !isGathered(name, place))) return [];
		return place
			.given(name)
			.flatMap(({ value, place: there }) => this.of(value, there, depth + 1))
			.slice(0, MOST_OPTIONS);
	}

	/** `self.a.b`, by way of the module that `self` is. */
	ofSelf(name: string, { self, functions, owner }: Place, depth: number): Built[] | null {
		const method = functions.at(-1);
		const from = self ?? (owner && this.steps.root(owner));
		if (!method || !from || !name.startsWith(selfOf(method))) return null;
		return this.along([from], name.slice(selfOf(method).length).split('.'), depth);
	}

	/** `config.a.b` and `Kind.A.value`, by way of what a variable or parameter holds, or of a class. */
	ofObject(name: string, place: Place, line: number, depth: number): Built[] {
		const [head = '', ...tokens] = name.split('.');
		if (tokens.length === 0 || depth + 4 > DEEPEST) return [];
		const held = this.local(head, place, depth) ?? this.giving(head, place, depth);
		const from = held.length > 0 ? held : this.ofType(head, place, line);
		return this.along(from, tokens, depth);
	}

	/** An instance of the class that a parameter is said to be, or the class that a name is. */
	private ofType(name: string, { functions, module }: Place, line: number): Built[] {
		const said = functions.map(({ annotations }) => annotations.get(name)).find(Boolean);
		const meaning = this.code.meaning(said ?? name, module, line);
		return meaning.kind === 'class' ? [this.steps.root(meaning)] : [];
	}

	private along(from: readonly Built[], tokens: readonly string[], depth: number): Built[] {
		let at = from;
		for (const token of tokens) {
			const steps = at.flatMap((built) => this.step(built, token, depth + 4));
			// of an enumeration's member the value is meant
			if (steps.length === 0 && token === 'value') continue;
			at = steps.map(({ built, uri, line }) => ({ ...built, at: built.at ?? { uri, line } }));
		}
		return at.filter((built) => built.class !== null || built.items !== null);
	}

	private step(built: Built, token: string, depth: number): Step[] {
		return built.items
			? this.steps.item(built, built.items, token, depth)
			: this.steps.attribute(built, token, depth);
	}

	/** A variable of the functions around; null where there is none of that name. */
	local(name: string, place: Place, depth: number): Built[] | null {
		for (const [at, around] of place.functions.entries()) {
			const self = selfOf(around);
			if (at === place.functions.length - 1 && name.startsWith(self)) return null;
			const whole = gathered(
				assigned(name, around.assignments),
				entriesOf(name, around.assignments),
			);
			if (whole.length > 0) {
				const options = whole.flatMap(({ value }) => this.of(value, place, depth + 2));
				// `x = x or Default()` says nothing of where the first x comes from
				return options.length > 0 ? options.slice(0, MOST_OPTIONS) : null;
			}
		}
		return null;
	}
}

/** Whether a name is an entry of what `**kwargs` gathers. */
const isGathered = (name: string, { functions }: Place) =>
	functions.some(({ rest }) => rest !== '' && name.startsWith(`${rest}.`));
