import type { AttentionSite } from '../../../extension/protocol/model.ts';
import { chunkSize } from '../../view-api/chunk-size.ts';
import { SiteTensorError } from '../../view-api/site-tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';

/** What a layer decided for the first sequence. */
export interface Routes {
	/** Number of chunks, and tokens in each (the last may have fewer). */
	readonly N: number;
	readonly C: number;
	/** `[H, N]`: 1 where the chunk is kept exactly. */
	readonly kept: Uint8Array;
	/** `[H, N]`: logit for softmax minus logit for the state; NaN where the graph has no logits. */
	readonly margin: Float32Array;
	/** The one-hot tensor that an override replaces: `[B, N, H, 2]`, softmax first. */
	readonly choice: {
		readonly name: string;
		readonly dtype: string;
		readonly shape: readonly number[];
	};
}

/** @throws SiteTensorError where the choice is not `[B, chunks, heads, 2]` */
export async function readRoutes(
	context: ViewContext,
	site: AttentionSite,
	{ B, H, T }: { readonly B: number; readonly H: number; readonly T: number },
): Promise<Routes> {
	const tensor = await context.tensor(site.tensors['choice']!.name);
	const { name, dtype, shape } = tensor;
	const [batch, N = 0, heads, two] = shape;
	if (shape.length !== 4 || batch !== B || heads !== H || two !== 2 || N < 1) {
		throw new SiteTensorError(
			`The choice (${name}) was expected as [${B}, chunks, ${H}, 2], and the run gave [${shape.join(', ')}].`,
		);
	}
	const values = await tensor.read();
	const logits = site.tensors['logits'] && (await context.tensor(site.tensors['logits'].name));
	const given = logits && sameShape(logits.shape, shape) ? await logits.read() : undefined;
	const kept = new Uint8Array(H * N);
	const margin = new Float32Array(H * N).fill(NaN);
	for (let h = 0; h < H; h++) {
		for (let c = 0; c < N; c++) {
			const at = (c * H + h) * 2;
			kept[h * N + c] = values[at]! > 0.5 ? 1 : 0;
			if (given) margin[h * N + c] = given[at]! - given[at + 1]!;
		}
	}
	return { N, C: chunkSize(T, N), kept, margin, choice: { name, dtype, shape } };
}

const sameShape = (a: readonly number[], b: readonly number[]) => a.join() === b.join();

/** The override's values `[B, N, H, 2]` for forced routes `[H, N]`, the same for every sequence. */
export function choiceValues(
	kept: ArrayLike<number>,
	{ N, choice }: Routes,
): Float32Array<ArrayBuffer> {
	const [B = 1, , H = 1] = choice.shape;
	const values = new Float32Array(B * N * H * 2);
	for (let at = 0; at < B * N * H; at++) {
		const [c, h] = [Math.floor(at / H) % N, at % H];
		values[at * 2 + (kept[h * N + c] ? 0 : 1)] = 1;
	}
	return values;
}
