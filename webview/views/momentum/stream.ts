import type { AttentionSite, ModelSummary, StreamStep } from '../../../extension/protocol/model.ts';
import { tensorNames } from '../../view-api/site-tensors.ts';
import type { Fit } from '../../view-api/view.ts';

/** A layer: the step of its attention and those up to the next one. */
export interface Block {
	readonly site: AttentionSite;
	/** Index of its first step. */
	readonly from: number;
	readonly to: number;
}

/** Sites whose step joins the stream, in its order; steps before the first belong to the first. */
export function blocksOf({ stream, sites }: ModelSummary): Block[] {
	const steps = stream?.steps ?? [];
	const starts = steps.flatMap(({ site: id }, from) => {
		const site = sites.find((each) => each.id === id);
		return site ? [{ site, from }] : [];
	});
	return starts.map(({ site, from }, at) => ({
		site,
		from,
		to: starts[at + 1]?.from ?? steps.length,
	}));
}

/** Whether the increments of a layer's attention are velocities. */
export function hasVelocity({ stream }: ModelSummary): boolean {
	return stream?.steps.some(({ site, momentum }) => site !== null && momentum !== null) ?? false;
}

export function fitsMomentum(model: ModelSummary): Fit {
	const selfAttention = model.sites.filter(({ cross }) => !cross);
	if (selfAttention.length === 0) {
		return { fits: false, reason: 'No tokens attend to each other in this model.' };
	}
	if (hasVelocity(model)) return { fits: true, first: true };
	if (selfAttention.some(({ mask }) => mask === 'causal')) return { fits: true };
	return {
		fits: false,
		reason:
			'This view follows tokens of causal models through their layers; here no layer hides later tokens, and none carries a velocity.',
	};
}

/** Tensors of one step that its figures are computed from. */
export function stepTaps({ position, momentum }: StreamStep): string[] {
	if (!momentum) return [position];
	const { velocityIn, velocity, force, mass, moved } = momentum;
	return [
		position,
		velocityIn,
		velocity,
		force,
		...(mass ? [mass] : []),
		...(moved ? [moved] : []),
	];
}

/** Tensors that tell how a site mixes. */
export function siteTaps(site: AttentionSite): string[] {
	return mixesBySoftmax(site)
		? tensorNames(site, ['q', 'k', 'v', 'output'])
		: tensorNames(site, ['weights', 'v', 'output']);
}

export function mixesBySoftmax({ form, operator }: AttentionSite): boolean {
	return form === 'softmax' || operator === 'softmax';
}

/** Everything the picture of the depth reads. */
export function depthTaps(model: ModelSummary): string[] {
	const { stream, sites } = model;
	const steps = stream ? [stream.start, ...stream.steps.flatMap(stepTaps)] : [];
	const mixing = sites.filter(({ cross }) => !cross).flatMap(siteTaps);
	return [...new Set([...steps, ...mixing])];
}

/** How a layer is called in sentences. */
export function layerName({ layer, path }: AttentionSite): string {
	return layer === null ? path : `layer ${layer}`;
}
