import type { AttentionSite } from '../../extension/protocol/model.ts';
import { element } from './element.ts';
import { say } from './say.ts';

/** A list is for reading: beyond this many it says how many more there are. */
const MOST = 200;

/** What was found in a model that has not run, or cannot: one line a site, which leads to its code. */
export function siteList(
	sites: readonly AttentionSite[],
	goToCode: (site: string) => void,
): HTMLElement {
	const rows = sites.slice(0, MOST).map((site) => {
		const line = element(
			'button',
			{ type: 'button', title: say('Go to the code of {0}', site.id) },
			element('span', {}, factsOf(site).join(' · ')),
			element('span', { class: 'muted' }, site.path || site.nodeName),
		);
		line.addEventListener('click', () => goToCode(site.id));
		const notes = site.notes.map((note) => element('p', { class: 'muted' }, note));
		return element('li', {}, line, ...notes);
	});
	const more = sites.length - rows.length;
	return element(
		'section',
		{ class: 'site-list', 'data-testid': 'sites' },
		element('h3', {}, say('Attention sites: {0}', sites.length)),
		element('ul', {}, ...rows),
		...(more > 0 ? [element('p', { class: 'muted' }, say('and {0} more', more))] : []),
	);
}

function factsOf({ layer, form, operator, heads, headSize, mask, cross }: AttentionSite): string[] {
	const ofSize = headSize === null ? '' : ` × ${headSize}`;
	return [
		layer === null ? '' : say('layer {0}', layer),
		form,
		operator ?? '',
		heads === null ? '' : (heads === 1 ? say('1 head') : say('{0} heads', heads)) + ofSize,
		cross ? say('cross') : '',
		mask === 'none' ? '' : say('{0} mask', mask),
	].filter((fact) => fact !== '');
}
