import { element, icon } from './element.ts';
import { makeButton } from './toolkit.ts';

/** A page without a picture: what happened, what to do. */
export interface Card {
	/** For tests and styles. */
	readonly state: 'loading' | 'failed' | 'unfit' | 'empty' | 'idle';
	readonly icon: string;
	readonly title: string;
	readonly text: string;
	readonly action?: CardAction;
	/** What helps where the first does not. */
	readonly another?: CardAction;
}

interface CardAction {
	readonly label: string;
	readonly icon: string;
	readonly press: () => void;
}

export function cardElement(card: Card): HTMLElement {
	const box = element(
		'section',
		{ class: `card card-${card.state}`, role: card.state === 'failed' ? 'alert' : 'status' },
		icon(card.state === 'loading' ? 'loading codicon-modifier-spin' : card.icon),
		element('h2', {}, card.title),
		element('p', { 'data-testid': card.state === 'failed' ? 'error' : 'card-text' }, card.text),
	);
	const buttons = element('div', { class: 'card-actions' });
	if (card.action)
		buttons.append(makeButton({ ...card.action, primary: card.state !== 'loading' }));
	if (card.another) buttons.append(makeButton(card.another));
	if (buttons.children.length > 0) box.append(buttons);
	return box;
}
