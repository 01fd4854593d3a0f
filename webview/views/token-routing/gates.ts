import type { OpenSite } from '../../view-api/open-site.ts';
import { siteTensor, sizeOf, strided } from '../../view-api/site-tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';
import type { RoutedSites } from './sites.ts';

/** What the gates of a layer said for the first sequence. */
export interface Gates {
	/** `[H, T]`: how much of the state each token leaves, and how much of the error it writes. */
	readonly alpha: Float32Array;
	readonly beta: Float32Array;
	/** `[H, T]`: what the answer of softmax counts for beside the state's; NaN where it could not be read. */
	readonly exactShare: Float32Array;
	/** `[H, T]`: ‖u_t‖, how much each token tells the state that it did not return already; NaN where it has no memory to ask. */
	readonly surprise: Float32Array;
	/** Tokens after which the state is described, and `[H, points]` of its Frobenius norm and effective rank. */
	readonly after: readonly number[];
	readonly norm: Float32Array;
	readonly rank: Float32Array;
}

interface Sizes {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	readonly N: number;
	readonly C: number;
}

/** States described a head: their singular values cost more than all else. */
const MOST_STATES = 17;

export async function readGates(
	context: ViewContext,
	{ exact, folded }: RoutedSites,
	{ memory }: OpenSite,
	{ B, H, T, N, C }: Sizes,
): Promise<Gates> {
	const perToken = async (role: string, map: (value: number) => number) => {
		const values = new Float32Array(H * T).fill(NaN);
		if (!folded.tensors[role]) return values;
		const read = await siteTensor(context, folded, role);
		const letters = { head: 'HG', token: 'ST', channel: 'K' };
		const { data, strides } = await strided(read, letters, H, undefined);
		const flat = data as Float32Array;
		const copies = sizeOf(read, 'B') / B;
		return values.map((_, at) => {
			const [h, t] = [Math.floor(at / T), at % T];
			// in the copy for its own chunk a token writes whatever the chunk's route is
			const copy = copies === 1 ? 0 : Math.floor(t / C);
			return map(flat[copy * strides[0] + h * strides[1] + t * strides[2]]!);
		});
	};
	const log = folded.notes.some((note) => note.includes('logarithm'));
	const step = Math.ceil(N / (MOST_STATES - 1));
	const after = Array.from({ length: Math.floor(N / step) + 1 }, (_, at) =>
		Math.min(T, at * step * C),
	);
	const surprise = new Float32Array(H * T).fill(NaN);
	if (memory) {
		const written = await memory.written();
		const { V } = memory.shape;
		for (let at = 0; at < H * T; at++) {
			surprise[at] = Math.hypot(...written.subarray(at * V, (at + 1) * V));
		}
	}
	const norm = new Float32Array(H * after.length).fill(NaN);
	const rank = new Float32Array(H * after.length).fill(NaN);
	for (let head = 0; memory && head < H; head++) {
		context.signal.throwIfAborted();
		const states = await memory.states({ batch: 0, head, after });
		states.forEach((state, at) => {
			norm[head * after.length + at] = state.norm;
			rank[head * after.length + at] = state.effectiveRank;
		});
	}
	return {
		alpha: await perToken('alpha', log ? Math.exp : (value) => value),
		beta: await perToken('beta', (value) => value),
		exactShare: await mixOf(context, exact.tensors['router']?.name, { B, H, T, N, C }),
		...{ surprise, after, norm, rank },
	};
}

/** The layer's order is state first, then softmax: the reverse of the router's. */
async function mixOf(
	context: ViewContext,
	name: string | undefined,
	{ B, H, T }: Sizes,
): Promise<Float32Array> {
	const values = new Float32Array(H * T).fill(NaN);
	const tensor = name === undefined ? undefined : await context.tensor(name);
	if (tensor?.shape.length !== 4 || tensor.shape[3] !== 2 || tensor.shape[0] !== B) return values;
	const headsFirst = tensor.shape[1] === H && tensor.shape[2] === T;
	if (!headsFirst && !(tensor.shape[1] === T && tensor.shape[2] === H)) return values;
	const given = await tensor.read();
	return values.map((_, at) => {
		const [h, t] = [Math.floor(at / T), at % T];
		return given[(headsFirst ? at : t * H + h) * 2 + 1]!;
	});
}
