import type { AttentionSite, Form } from '../../../../extension/protocol/model.ts';
import { canOpen } from '../../../view-api/attention-taps.ts';

/** A site as the operators open it: a dressed one by what mixes inside; undefined where none can. */
export function openable(site: AttentionSite): AttentionSite | undefined {
	if (site.form === 'selective' || site.form === 'momentum') {
		const inner = { ...site, form: site.operator as Form };
		return canOpen(inner) ? inner : undefined;
	}
	return canOpen(site) ? site : undefined;
}
