import type { AttentionSite, Form } from '../../extension/protocol/model.ts';
import { canOpen } from '../view-api/attention-taps.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { SiteTensorError } from '../view-api/site-tensors.ts';
import { openMemory } from './open-memory.ts';
import { openRouted } from './open-routed.ts';
import { openSoftmax } from './open-softmax.ts';
import type { Tensors } from './site-shape.ts';

type Open = (context: Tensors, site: AttentionSite) => Promise<OpenSite>;

/** How a site of each form is opened on the tensors of a run. */
const openers: Partial<Record<Form, Open>> = {
	softmax: openSoftmax,
	linear: openMemory,
	gated: openMemory,
	delta: openMemory,
	'gated-delta': openMemory,
	// each branch of a routed layer is a site of its own
	hybrid: (context, site) =>
		(site.operator === 'softmax' ? openSoftmax : openRouted)(context, site),
	// what is selected, or moves a velocity, is the output of attention of a plain form
	selective: openInside,
	momentum: openInside,
};

/** Attention inside something else: its own output, before that is done to it. */
function openInside(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	if (!canOpen(site)) {
		throw new SiteTensorError(
			`No operator computes what mixes inside this ${site.form} site: ${site.operator}.`,
		);
	}
	return openSoftmax(context, site);
}

/**
 * Opens a site on the tensors of a run; nothing is computed yet.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openSite(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	const open = openers[site.form];
	if (!open) {
		throw new SiteTensorError(`No operator computes attention of the form ${site.form}.`);
	}
	return open(context, site);
}
