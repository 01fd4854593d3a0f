import type { Control, OpenView } from '../view-api/view.ts';
import { element } from './element.ts';
import { makeButton, makeChoice, makeText, makeToggle } from './toolkit.ts';

const LABEL = 'control-label';
const VALUE = 'control-value';

interface Drawn {
	readonly made: HTMLElement;
	/** What it was drawn from. */
	readonly key: string;
}

/** The declared controls of a view on the page. */
export class Controls {
	private view: OpenView | undefined;
	private drawn = new Map<string, Drawn>();

	constructor(private readonly slot: HTMLElement) {}

	/**
	 * Draws anew what changed, and leaves the other elements where they are: an open list stays open while a button beside
	 * it takes another label.
	 *
	 * @param changed told after the state took a new value
	 */
	draw(view: OpenView, changed: () => void): void {
		const focused = document.activeElement?.closest<HTMLElement>('.control')?.dataset['field'];
		if (view !== this.view) this.clear();
		this.view = view;
		const before = this.drawn;
		this.drawn = new Map(
			view.controls().map((control) => {
				const key = keyOf(control, view);
				const old = before.get(control.field);
				if (old?.key === key) return [control.field, old] as const;
				return [control.field, { made: controlElement(control, view, changed), key }] as const;
			}),
		);
		for (const [field, { made }] of before) if (this.drawn.get(field)?.made !== made) made.remove();
		let next = this.slot.firstElementChild;
		for (const { made } of this.drawn.values()) {
			if (made === next) next = next.nextElementSibling;
			else this.slot.insertBefore(made, next);
		}
		// a button whose label changed is another element: the keyboard stays on it all the same
		const again = focused === undefined ? undefined : this.drawn.get(focused)?.made;
		if (again && !again.contains(document.activeElement))
			again.querySelector<HTMLElement>(`:scope > :not(.${LABEL}, .${VALUE})`)?.focus();
	}

	private clear(): void {
		this.slot.replaceChildren();
		this.drawn = new Map();
	}
}

/** Values that their own element does not show by itself are part of what it is drawn from. */
const keyOf = (control: Control, view: OpenView) =>
	JSON.stringify([control, control.kind === 'choice' ? view.value(control.field) : null]);

function controlElement(control: Control, view: OpenView, changed: () => void): HTMLElement {
	const set = (value: unknown) => {
		view.set(control.field, value);
		changed();
	};
	const made = element('div', {
		class: `control control-${control.kind}`,
		'data-field': control.field,
	});
	if (control.help !== undefined) made.title = control.help;
	made.append(...controlParts(control, () => view.value(control.field), set));
	return made;
}

function controlParts(
	control: Control,
	read: () => unknown,
	set: (value: unknown) => void,
): HTMLElement[] {
	const value = read();
	switch (control.kind) {
		case 'toggle':
			return [makeToggle(control.label, value === true, set)];
		case 'button': {
			const { label, icon } = control;
			const press = () => set((Number(read()) || 0) + 1);
			return [makeButton({ label, press, ...(icon !== undefined && { icon }) })];
		}
		case 'text':
			return [
				element('span', { class: LABEL }, control.label),
				makeText(
					control.label,
					control.placeholder ?? '',
					typeof value === 'string' ? value : '',
					set,
				),
			];
		case 'choice':
			return [
				element('span', { class: LABEL }, control.label),
				makeChoice(control.label, control.options, String(value), set),
			];
		case 'slider':
			return sliderParts(control, Number(value), set);
	}
}

function sliderParts(
	{ label, min, max, step }: Extract<Control, { kind: 'slider' }>,
	value: number,
	set: (value: number) => void,
): HTMLElement[] {
	const shown = element('output', { class: VALUE }, formatted(value));
	// the toolkit has no slider; the platform's own is accessible and themable
	const slider = element('input', {
		type: 'range',
		min: String(min),
		max: String(max),
		step: String(step),
		value: String(value),
		'aria-label': label,
	});
	slider.addEventListener('input', () => {
		shown.textContent = formatted(slider.valueAsNumber);
		set(slider.valueAsNumber);
	});
	return [element('span', { class: LABEL }, label), slider, shown];
}

function formatted(value: number): string {
	return String(Number(value.toPrecision(3)));
}
