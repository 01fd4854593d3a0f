import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { View } from '../view-api/view.ts';
import type { Card } from './card.ts';
import { say } from './say.ts';

type Press = () => void;

export function emptyCard(press: Press): Card {
	return {
		state: 'empty',
		icon: 'telescope',
		title: say('No model yet'),
		text: say(
			'Open an exported .onnx model, or put the cursor into model code that one was exported from.',
		),
		action: { label: say('Open model…'), icon: 'folder-opened', press },
	};
}

export function untrustedCard({ name, sites }: ModelSummary, press: Press): Card {
	return {
		state: 'empty',
		icon: 'shield',
		title: say('This workspace is not trusted'),
		text: say(
			'{0} was read; attention sites: {1}. Running it waits until you trust the workspace.',
			name,
			sites.length,
		),
		action: { label: say('Manage trust'), icon: 'shield', press },
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
		title: say('No view fits this model'),
		text: reasons.join(' '),
	};
}

export function noInputCard(note: string, press: Press): Card {
	return {
		state: 'empty',
		icon: 'symbol-string',
		title: say('The model needs an input'),
		text: note,
		action: { label: say('Choose an input…'), icon: 'symbol-string', press },
	};
}

export function idleCard({ name, sites, nodes }: ModelSummary, press: Press): Card {
	return {
		state: 'idle',
		icon: 'telescope',
		title: name,
		text: say('Attention sites: {0}, nodes: {1}. Nothing has been run yet.', sites.length, nodes),
		action: { label: say('Run'), icon: 'play', press },
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
		text: done !== null && total !== null ? say('{0} of {1}', done, total) : '',
		action: { label: say('Cancel'), icon: 'close', press: cancel },
	};
}

export function cancelledCard(press: Press): Card {
	return {
		state: 'idle',
		icon: 'circle-slash',
		title: say('Cancelled'),
		text: say('The run was stopped, and what it held is freed.'),
		action: { label: say('Run again'), icon: 'play', press },
	};
}

export function failedCard(title: string, text: string, label: string, press: Press): Card {
	return { state: 'failed', icon: 'error', title, text, action: { label, icon: 'refresh', press } };
}
