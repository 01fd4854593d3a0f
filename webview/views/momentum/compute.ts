import type { ModelSummary, StreamStep } from '../../../extension/protocol/model.ts';
import type { Proof } from '../../../extension/protocol/run.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { readAnswers, type Answers } from './answers.ts';
import { readAxes, readDepth, type Depth } from './depth.ts';
import type { Projection } from './principal.ts';
import { blocksOf, hasVelocity, layerName } from './stream.ts';

/** Largest ‖M·V − O‖ / ‖O‖ of a verified site; float32 sums in another order differ by about 5e-7. */
export const TOLERANCE = 1e-4;

/** A layer and the learned numbers that move its tokens. */
export interface LayerOfModel {
	readonly site: string;
	readonly name: string;
	/** Of its attention's step, then of those that follow it. */
	readonly steps: readonly (NonNullable<StreamStep['momentum']>['scalars'] | null)[];
}

export interface MomentumData {
	readonly hasVelocity: boolean;
	/** Where the graph carries its tokens in a stream that can be followed. */
	readonly axes: Projection | null;
	readonly layers: readonly LayerOfModel[];
	readonly depth: Depth;
	readonly answers: Answers | null;
	readonly tokens: readonly string[];
	readonly training: ModelSummary['training'];
	readonly onGpu: boolean;
	/** Small enough to be run several times unasked. */
	readonly small: boolean;
}

const SMALL_BYTES = 20_000_000;

export async function computeMomentum(context: ViewContext): Promise<MomentumData> {
	const { model } = context;
	const axes = model.stream ? await readAxes(context, model.stream) : null;
	const depth = await readDepth(context, model, axes, (done, total) =>
		context.progress('Following the tokens', done, total),
	);
	const steps = model.stream?.steps ?? [];
	const layers = blocksOf(model).map(({ site, from, to }) => ({
		site: site.id,
		name: layerName(site),
		steps: steps.slice(from, to).map(({ momentum }) => momentum?.scalars ?? null),
	}));
	return {
		...{ hasVelocity: hasVelocity(model), axes, layers, depth },
		answers: (await readAnswers(context, context)) ?? null,
		tokens: context.tokens,
		training: model.training,
		onGpu: context.device !== undefined,
		small: model.bytes + model.external.reduce((sum, { bytes }) => sum + bytes, 0) < SMALL_BYTES,
	};
}

/** That the attention which moves the tokens is the model's own. */
export function momentumProofs({ depth }: MomentumData): Proof[] {
	return depth.layers.map(({ site, mixing, reason }) => {
		const residual = mixing?.residual ?? NaN;
		const verified = residual <= TOLERANCE;
		return {
			site,
			residual: Number.isFinite(residual) ? residual : null,
			tolerance: TOLERANCE,
			probabilities: null,
			verified,
			reason: verified ? '' : reason || 'What is drawn does not give this site’s own output.',
		};
	});
}
