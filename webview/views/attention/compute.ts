import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Proof } from '../../../extension/protocol/run.ts';
import type { Range, WeightPyramid } from '../../../kernels/common/attention-results.ts';
import { KernelError } from '../../../kernels/common/kernel-error.ts';
import { canOpen } from '../../view-api/attention-taps.ts';
import { SiteTensorError } from '../../view-api/site-tensors.ts';
import { TOLERANCE, toleranceOf } from '../../view-api/tolerance.ts';
import type { ViewContext } from '../../view-api/view.ts';

/** Cells a side of a head's small picture. */
export const THUMBNAIL_CELLS = 64;

export interface AttentionData {
	readonly sites: readonly SitePicture[];
	/** What stands on the token axes; empty for none. */
	readonly tokens: readonly string[];
	/** Expected ids, one a token, −100 where none; empty for none. */
	readonly labels: readonly number[];
}

/** One site of the run: measured, or with the reason why not. */
export interface SitePicture {
	readonly site: AttentionSite;
	readonly proof: Proof;
	readonly measured: MeasuredSite | undefined;
}

/** Sizes: B sequences, H heads, T queries, S keys. */
export interface MeasuredSite {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	readonly S: number;
	/** Index of the key that is the token of query 0. */
	readonly queryOffset: number;
	/** How many queries of each sequence are tokens; all where absent. The rest is padding. */
	readonly queries?: readonly number[] | undefined;
	/** `[B, H]` ‖M·V − O‖ / ‖O‖ of each head. */
	readonly residuals: Float64Array;
	/** Weights may be negative or above 1. */
	readonly signed: boolean;
	/**
	 * `[B, H, T]` each: entropy in nats; the weight of largest size and the key that has it; the mean distance in tokens;
	 * shares on the own token and below zero; the sum of sizes. Shares are of that sum.
	 */
	readonly entropy: Float32Array;
	readonly largest: Float32Array;
	readonly largestAt: Uint32Array;
	readonly distance: Float32Array;
	readonly self: Float32Array;
	readonly negative: Float32Array;
	readonly mass: Float32Array;
	/** The largest's share. */
	readonly share: Float32Array;
	/** Of the first sequence, one a head. */
	readonly thumbnails: readonly PooledWeights[];
}

/** A rectangle of the weights, each cell the one of largest size of those under it. */
export interface PooledWeights {
	readonly rows: Range;
	readonly columns: Range;
	/** Queries and keys under a cell; `[1, 1]` is the exact matrix. */
	readonly cellSize: readonly [rows: number, columns: number];
	readonly cells: readonly [rows: number, columns: number];
	/** `[cells down, cells across]`, row-major. */
	readonly values: Float32Array;
}

/** Measures every site that an operator can compute; one that cannot be measured keeps the reason and stops no other. */
export async function computeAttention(context: ViewContext): Promise<AttentionData> {
	const { model, tokens, labels } = context;
	const chosen = model.sites.filter(canOpen);
	const sites: SitePicture[] = [];
	for (const [at, site] of chosen.entries()) {
		context.signal.throwIfAborted();
		sites.push(
			await pictureOf(context, site, (share) => {
				context.progress(`Measuring ${siteName(site)}`, at + share, chosen.length);
			}),
		);
	}
	return { sites, tokens, labels };
}

/** How a site is called in sentences. */
export function siteName({ layer, path, id }: AttentionSite): string {
	return layer === null ? path || id : `layer ${layer}`;
}

async function pictureOf(
	context: ViewContext,
	site: AttentionSite,
	progress: (share: number) => void,
): Promise<SitePicture> {
	try {
		progress(0);
		const { results, output, queryOffset, queries, signed } = await context.attention(site);
		const { residual, statistics, pyramids } = await results.overview(
			{ given: output, batch: 0, most: { rows: THUMBNAIL_CELLS, columns: THUMBNAIL_CELLS } },
			(done, heads) => {
				context.signal.throwIfAborted();
				progress(done / heads);
			},
		);
		const { B, H, T, S } = results.shape;
		const { largest, mass } = statistics;
		const share = largest.map((weight, at) => (mass[at]! > 0 ? Math.abs(weight) / mass[at]! : 0));
		const measured = {
			...{ B, H, T, S, queryOffset, queries, signed, residuals: residual.heads },
			...statistics,
			share,
			thumbnails: pyramids.map(pooled),
		};
		const tolerance = await toleranceOf(context, site);
		return { site, proof: proofOf(site, residual.overall, tolerance), measured };
	} catch (error) {
		if (context.signal.aborted || !isReason(error)) throw error;
		const reason = error.message;
		const proof = {
			site: site.id,
			residual: null,
			tolerance: TOLERANCE,
			verified: false,
			probabilities: null,
			reason,
		};
		return { site, proof, measured: undefined };
	}
}

/** What a site may answer with instead of a picture; anything else is a fault of the program and passes on. */
function isReason(error: unknown): error is Error {
	return (
		error instanceof SiteTensorError ||
		error instanceof KernelError ||
		(error instanceof Error && error.name === 'RunError')
	);
}

function proofOf(site: AttentionSite, residual: number, tolerance: number): Proof {
	const shared = { site: site.id, tolerance, probabilities: null };
	if (Number.isNaN(residual)) {
		const reason = 'The model’s own output holds values that are not numbers.';
		return { ...shared, residual: null, verified: false, reason };
	}
	if (residual <= tolerance) return { ...shared, residual, verified: true, reason: '' };
	const assumed =
		site.scale === null
			? ' The scale of the scores is no constant of the graph; 1/√K was taken.'
			: site.notes.map((note) => ` ${note}`).join('');
	const reason = `The weights drawn do not give the model’s own output.${assumed}`;
	return { ...shared, residual, verified: false, reason };
}

export function pooled({ rows, columns, cellSize, cells, max, min }: WeightPyramid): PooledWeights {
	const values = max.map((high, at) => (-min[at]! > high ? min[at]! : high));
	return { rows, columns, cellSize, cells, values };
}
