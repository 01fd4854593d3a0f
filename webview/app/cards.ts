import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { View } from '../view-api/view.ts';
import type { Card } from './card.ts';

type Press = () => void;

export function emptyCard(press: Press): Card {
	return {
		state: 'empty',
		icon: 'telescope',
		title: 'No model yet',
		text: 'Open an exported .onnx model, or put the cursor into model code that one was exported from.',
		action: { label: 'Open model…', icon: 'folder-opened', press },
	};
}

export function untrustedCard({ name, sites }: ModelSummary, press: Press): Card {
	return {
		state: 'empty',
		icon: 'shield',
		title: 'This workspace is not trusted',
		text: `${name} was read: ${countOf(sites.length, 'attention site')}. Running it waits until you trust the workspace.`,
		action: { label: 'Manage trust', icon: 'shield', press },
	};
}

export function unfitCard(model: ModelSummary, views: readonly View[]): Card {
	const reasons = views.flatMap((view) => {
		const fit = view.fit(model);
		return fit.fits ? [] : [`${view.title}: ${fit.reason}`];
	});
	return {
		state: 'unfit',
		icon: 'circle-slash',
		title: 'No view fits this model',
		text: reasons.join(' '),
	};
}

export function noInputCard(note: string, press: Press): Card {
	return {
		state: 'empty',
		icon: 'symbol-string',
		title: 'The model needs an input',
		text: note,
		action: { label: 'Choose an input…', icon: 'symbol-string', press },
	};
}

export function idleCard({ name, sites, nodes }: ModelSummary, press: Press): Card {
	return {
		state: 'idle',
		icon: 'telescope',
		title: name,
		text: `${countOf(sites.length, 'attention site')} in ${countOf(nodes, 'node')}. Nothing has been run yet.`,
		action: { label: 'Run', icon: 'play', press },
	};
}

export function loadingCard(
	message: string,
	done: number | null,
	total: number | null,
	cancel: Press,
): Card {
	return {
		state: 'loading',
		icon: 'loading',
		title: message,
		text: done !== null && total !== null ? `${done} of ${total}` : '',
		action: { label: 'Cancel', icon: 'close', press: cancel },
	};
}

export function cancelledCard(press: Press): Card {
	return {
		state: 'idle',
		icon: 'circle-slash',
		title: 'Cancelled',
		text: 'The run was stopped, and what it held is freed.',
		action: { label: 'Run again', icon: 'play', press },
	};
}

export function failedCard(title: string, text: string, label: string, press: Press): Card {
	return { state: 'failed', icon: 'error', title, text, action: { label, icon: 'refresh', press } };
}

function countOf(count: number, what: string): string {
	return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}
