import {
	provideVSCodeDesignSystem,
	vsCodeButton,
	vsCodeCheckbox,
	vsCodeDropdown,
	vsCodeOption,
	vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

/**
 * The controls that the page is made of, as custom elements. The toolkit is archived (docs/decisions), so nothing else
 * imports it: another set of controls has to offer the elements made here and nothing more.
 */
export function registerControls(): void {
	provideVSCodeDesignSystem().register(
		vsCodeButton(),
		vsCodeCheckbox(),
		vsCodeDropdown(),
		vsCodeOption(),
		vsCodeTextField(),
	);
}

export interface ButtonOptions {
	readonly label: string;
	readonly icon?: string;
	readonly primary?: boolean;
	/** The label is only said, not shown. */
	readonly iconOnly?: boolean;
	readonly press: () => void;
}

export function makeButton({ label, icon, primary, iconOnly, press }: ButtonOptions): HTMLElement {
	const button = document.createElement('vscode-button');
	button.setAttribute(
		'appearance',
		iconOnly === true ? 'icon' : primary === true ? 'primary' : 'secondary',
	);
	button.setAttribute('aria-label', label);
	button.title = label;
	if (icon !== undefined) {
		const glyph = document.createElement('span');
		glyph.className = `codicon codicon-${icon}`;
		if (iconOnly !== true) glyph.slot = 'start';
		glyph.setAttribute('aria-hidden', 'true');
		button.append(glyph);
	}
	if (iconOnly !== true) button.append(label);
	button.addEventListener('click', press);
	return button;
}

export interface Choice {
	readonly value: string;
	readonly label: string;
}

/** A drop-down list; `set` shows another value without telling `chosen`. */
export function makeChoice(
	label: string,
	options: readonly Choice[],
	value: string,
	chosen: (value: string) => void,
): HTMLElement {
	const list = document.createElement('vscode-dropdown');
	list.setAttribute('aria-label', label);
	for (const option of options) {
		const item = document.createElement('vscode-option');
		item.setAttribute('value', option.value);
		if (option.value === value) item.setAttribute('selected', '');
		item.textContent = option.label;
		list.append(item);
	}
	list.addEventListener('change', () => chosen((list as HTMLElement & { value: string }).value));
	return list;
}

export function makeToggle(
	label: string,
	on: boolean,
	changed: (on: boolean) => void,
): HTMLElement {
	const box = document.createElement('vscode-checkbox');
	if (on) box.setAttribute('checked', '');
	box.textContent = label;
	box.addEventListener('change', () =>
		changed((box as HTMLElement & { checked: boolean }).checked),
	);
	return box;
}

/** A field of one line; `typed` is told at every key. */
export function makeText(
	label: string,
	placeholder: string,
	value: string,
	typed: (value: string) => void,
): HTMLElement {
	const field = document.createElement('vscode-text-field');
	field.setAttribute('aria-label', label);
	field.setAttribute('placeholder', placeholder);
	field.setAttribute('value', value);
	field.addEventListener('input', () => typed((field as HTMLElement & { value: string }).value));
	return field;
}
