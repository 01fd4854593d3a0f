import { siteTensor } from '../../view-api/site-tensors.ts';
import type { OtherRun, ViewContext } from '../../view-api/view.ts';
import type { SitePicture } from './compute.ts';

/** Elements of the probabilities of all sites together that are read back: 16 MB. Sites beyond it are not asked. */
export const MOST_PROBABILITIES = 2 ** 22;
/** Bytes of a model that is run once more to be asked: its weights are in memory twice while it is. */
export const LARGEST_ASKED = 2 ** 28;

/**
 * A second proof, where an operator can be asked for its own probabilities P: the model runs once more with them among its
 * outputs, and the pictures come back with ‖M − P‖ / ‖P‖.
 */
export async function askOperators(
	context: ViewContext,
	pictures: readonly SitePicture[],
): Promise<SitePicture[]> {
	const asked = context.model.bytes > LARGEST_ASKED ? [] : smallEnough(pictures);
	if (asked.length === 0) return [...pictures];
	context.progress('Asking the operators for their probabilities');
	const taps = asked.map(({ site }) => site.tensors['weights']!.name);
	const run = await context.again({ taps });
	try {
		const found = new Map<SitePicture, number>();
		for (const picture of asked) {
			context.signal.throwIfAborted();
			found.set(picture, await differenceOf(context, run, picture));
		}
		return pictures.map((picture) => {
			const probabilities = found.get(picture) ?? null;
			return { ...picture, proof: { ...picture.proof, probabilities } };
		});
	} finally {
		run.release();
	}
}

/** Those of fused operators that give their probabilities, the first ones that fit the limit. */
function smallEnough(pictures: readonly SitePicture[]): SitePicture[] {
	let room = MOST_PROBABILITIES;
	return pictures.filter(({ site, measured }) => {
		if (!measured || site.kind !== 'fused' || !site.tensors['weights']?.axes) return false;
		const { B, H, T, S } = measured;
		if (B * H * T * S > room) return false;
		room -= B * H * T * S;
		return true;
	});
}

async function differenceOf(
	context: ViewContext,
	run: OtherRun,
	{ site }: SitePicture,
): Promise<number> {
	const { tensor } = await siteTensor(run, site, 'weights');
	const theirs = await tensor.read();
	const { results } = await context.attention(site);
	const { B, H, T, S } = results.shape;
	let error = 0;
	let norm = 0;
	for (let head = 0; head < B * H; head++) {
		const place = { batch: Math.floor(head / H), head: head % H };
		const { values } = await results.weights({ ...place, rows: [0, T], columns: [0, S] });
		values.forEach((ours, at) => {
			const their = theirs[head * T * S + at]!;
			error += (ours - their) ** 2;
			norm += their ** 2;
		});
	}
	return Math.sqrt(error / norm);
}
