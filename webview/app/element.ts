/** A DOM element with its class, attributes and children in one expression. */
export function element<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	attributes: Readonly<Record<string, string>> = {},
	...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
	made.append(...children);
	return made;
}

export function icon(name: string): HTMLElement {
	return element('span', { class: `codicon codicon-${name}`, 'aria-hidden': 'true' });
}
