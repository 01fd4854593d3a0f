import type { Control, OpenView } from '../view-api/view.ts';
import { element } from './element.ts';
import { makeButton, makeChoice, makeText, makeToggle } from './toolkit.ts';

/** Draws a view's declared controls; `changed` is told after the state took a new value. */
export function controlElements(view: OpenView, changed: () => void): HTMLElement[] {
	return view.controls().map((control) => {
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
	});
}

/** A change of controls is drawn anew; anything else leaves the focused one in peace. */
export function controlsKey(view: OpenView): string {
	const controls = view.controls();
	return JSON.stringify(
		controls.map((control) => [
			control,
			control.kind === 'choice' ? view.value(control.field) : null,
		]),
	);
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
				element('span', { class: 'control-label' }, control.label),
				makeText(
					control.label,
					control.placeholder ?? '',
					typeof value === 'string' ? value : '',
					set,
				),
			];
		case 'choice':
			return [
				element('span', { class: 'control-label' }, control.label),
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
	const shown = element('output', { class: 'control-value' }, formatted(value));
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
	return [element('span', { class: 'control-label' }, label), slider, shown];
}

function formatted(value: number): string {
	return String(Number(value.toPrecision(3)));
}
