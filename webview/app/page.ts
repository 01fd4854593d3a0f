import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { Proof, RunManifest } from '../../extension/protocol/run.ts';
import type { View } from '../view-api/view.ts';
import { cardElement, type Card } from './card.ts';
import { element, icon } from './element.ts';
import { say } from './say.ts';
import { siteList } from './site-list.ts';
import { makeButton, makeChoice } from './toolkit.ts';

export interface PageActions {
	run(): void;
	runOnInput(): void;
	pickView(id: string): void | Promise<void>;
	pickBackend(): void;
	export(format: 'svg' | 'png' | 'csv' | 'json'): void;
	goToCode(): void;
	/** Of one site. */
	revealCode(site: string): void;
}

/** The page's fixed parts; what they say changes, their order does not. First the answer, then the detail. */
export class Page {
	private readonly name = element('h1', { class: 'model-name' });
	private readonly badge = element('button', {
		class: 'backend',
		type: 'button',
		'data-testid': 'backend',
	});
	private readonly actions = element('div', { class: 'actions' });
	private readonly views = element('nav', { class: 'views', 'aria-label': 'Views' });
	private readonly description = element('p', {
		class: 'description',
		'data-testid': 'description',
		'aria-live': 'polite',
	});
	private readonly proof = element('p', { class: 'proof', 'data-testid': 'proof' });
	private readonly input = element('p', { class: 'input-note', 'data-testid': 'input' });
	private readonly trouble = element('p', { class: 'trouble', role: 'alert' });
	readonly controls = element('div', { class: 'controls' });
	readonly picture = element('div', { class: 'picture' });
	private readonly readout = element('p', {
		class: 'readout',
		'data-testid': 'value',
		'aria-live': 'polite',
	});
	readonly figures = element('div', { class: 'figures' });
	private readonly result = element('div', { class: 'result' });
	private readonly cardSlot = element('div', { class: 'card-slot' });

	constructor(
		private readonly root: HTMLElement,
		private readonly on: PageActions,
	) {
		this.badge.addEventListener('click', () => on.pickBackend());
		this.result.append(
			this.views,
			this.description,
			this.proof,
			this.trouble,
			this.controls,
			this.picture,
			this.readout,
			this.figures,
			this.input,
		);
		root.replaceChildren(
			element('header', {}, this.name, this.badge, this.actions),
			this.cardSlot,
			this.result,
		);
	}

	/** Width that a scene has, CSS pixels. */
	get width(): number {
		return Math.max(this.picture.clientWidth, 240);
	}

	showModel(name: string): void {
		this.name.textContent = name;
		this.name.title = name;
	}

	showBackend(manifest: RunManifest | undefined): void {
		this.badge.hidden = manifest === undefined;
		if (!manifest) return;
		const { backend, adapter, reason } = manifest;
		const label = backend === 'webgpu' ? `WebGPU · ${adapter}` : 'WASM';
		this.badge.replaceChildren(icon(backend === 'webgpu' ? 'chip' : 'server-process'), label);
		this.badge.title = say('{0} Press to pick another backend.', reason);
		this.badge.setAttribute('aria-label', say('Runs on {0}. {1}', label, reason));
		this.badge.dataset['backend'] = backend;
		this.badge.dataset['reason'] = reason;
	}

	/** @param sites what is known of the model that the card is about */
	showCard(card: Card, sites: readonly AttentionSite[] = []): void {
		this.root.dataset['state'] = card.state;
		this.cardSlot.replaceChildren(cardElement(card));
		if (sites.length > 0) this.cardSlot.append(siteList(sites, (site) => this.on.revealCode(site)));
		this.result.hidden = true;
		this.actions.replaceChildren();
	}

	showResult(views: readonly View[], current: string): void {
		this.cardSlot.replaceChildren();
		this.result.hidden = false;
		this.views.hidden = views.length < 2;
		this.views.replaceChildren(
			makeChoice(
				say('View'),
				views.map(({ id, title }) => ({ value: id, label: title })),
				current,
				(id) => void this.on.pickView(id),
			),
		);
		this.actions.replaceChildren(
			makeButton({
				label: say('Run again'),
				icon: 'play',
				iconOnly: true,
				press: () => this.on.run(),
			}),
			makeButton({
				label: say('Run on another input'),
				icon: 'symbol-string',
				iconOnly: true,
				press: () => this.on.runOnInput(),
			}),
			makeButton({
				label: say('Go to code'),
				icon: 'go-to-file',
				iconOnly: true,
				press: () => this.on.goToCode(),
			}),
			this.exportMenu(),
		);
	}

	showFinding(description: string, readout: string, settled: boolean): void {
		setText(this.description, description);
		setText(
			this.readout,
			readout === '' ? say('Point at the picture, or move with the arrow keys.') : readout,
		);
		this.readout.classList.toggle('hint', readout === '');
		this.root.dataset['state'] = settled ? 'ready' : 'loading';
	}

	/** Why a part of the picture is missing; empty for nothing. */
	showTrouble(why: string): void {
		this.trouble.hidden = why === '';
		setText(
			this.trouble,
			why === '' ? '' : say('A part of this picture could not be computed: {0}', why),
		);
	}

	/** The proof mark: words and an icon beside colour. */
	showProof(proof: Proof | undefined): void {
		this.proof.hidden = proof === undefined;
		if (!proof) return;
		this.proof.className = `proof ${proof.verified ? 'verified' : 'unproved'}`;
		const residual = proof.residual === null ? '' : proof.residual.toExponential(1);
		const words = proof.verified
			? say(
					'verified: M·V reproduces the model’s own output, residual {0} (tolerance {1})',
					residual,
					proof.tolerance.toExponential(0),
				)
			: say('not verified: {0}', proof.reason);
		const own =
			proof.probabilities === null
				? ''
				: say(
						'the operator’s own probabilities: ‖M − P‖/‖P‖ = {0}',
						proof.probabilities.toExponential(1),
					);
		this.proof.replaceChildren(
			icon(proof.verified ? 'verified-filled' : 'warning'),
			[words, own].filter((part) => part !== '').join(' · '),
		);
		this.proof.dataset['residual'] = residual;
	}

	showInput(note: string): void {
		this.input.textContent = note;
		this.input.hidden = note === '';
	}

	private exportMenu(): HTMLElement {
		const menu = makeChoice(
			say('Export the picture'),
			[
				{ value: '', label: say('Export…') },
				{ value: 'svg', label: 'SVG' },
				{ value: 'png', label: 'PNG' },
				{ value: 'csv', label: 'CSV' },
				{ value: 'json', label: 'JSON' },
			],
			'',
			(format) => {
				if (format === '') return;
				this.on.export(format as 'svg' | 'png' | 'csv' | 'json');
				menu.replaceWith(this.exportMenu());
			},
		);
		menu.classList.add('export');
		return menu;
	}
}

/** Only when it changed: a live region reads out whatever is set. */
function setText(target: HTMLElement, words: string): void {
	if (target.textContent !== words) target.textContent = words;
}
