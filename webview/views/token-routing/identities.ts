import { indexOf, type Strided } from '../../../kernels/common/tensors.ts';
import { gatedDeltaRule } from '../../../kernels/gated-delta-rule/gated-delta-rule.ts';
import { softmaxAttention } from '../../../kernels/softmax-attention/softmax-attention.ts';
import { siteTensor, sizeOf, strided, tensorNames } from '../../view-api/site-tensors.ts';
import type { OtherRun, ViewContext } from '../../view-api/view.ts';
import type { RoutedLayer } from './compute.ts';

/** Largest relative difference of two results that are equal but for float32's order of summation. */
const EQUAL = 1e-4;

export type Uniform = 'softmax' | 'linear';

/** A branch of a forced run held against the plain operator that it must then be. */
export interface Identity {
	readonly site: string;
	readonly name: string;
	readonly is: 'plain Gated DeltaNet' | 'causal softmax';
	/** `‖branch − plain‖ / ‖plain‖`. */
	readonly apart: number;
	readonly holds: boolean;
}

const ROLES = { softmax: ['q', 'k', 'v', 'output'], linear: ['q', 'k', 'v', 'alpha', 'beta', 'output'] }; // prettier-ignore

export function identityTaps({ exact, folded }: RoutedLayer, uniform: Uniform): string[] {
	return tensorNames(uniform === 'softmax' ? exact : folded, ROLES[uniform]);
}

/** All linear is a plain gated delta rule over the tokens; all softmax is the full causal mask. */
export async function identitiesOf(
	{ device }: ViewContext,
	layers: readonly RoutedLayer[],
	run: OtherRun,
	uniform: Uniform | undefined,
): Promise<Identity[]> {
	if (!uniform) return [];
	const found: Identity[] = [];
	for (const layer of layers) {
		const site = uniform === 'softmax' ? layer.exact : layer.folded;
		const { H, T, V } = layer;
		const read = async (role: string, token: string, channel: string, heads = H) => {
			const tensor = await siteTensor(run, site, role);
			const K = tensor.axes.includes('D') ? sizeOf(tensor, 'D') / heads : sizeOf(tensor, channel);
			return { K, value: await strided(tensor, { head: 'HG', token, channel }, heads, undefined) };
		};
		const [q, k, v] = [await read('q', 'T', 'K'), await read('k', 'ST', 'K'), await read('v', 'ST', 'V')]; // prettier-ignore
		const inputs = { q: q.value, k: k.value, v: v.value };
		const scale = site.scale === null ? {} : { scale: site.scale };
		const plain =
			uniform === 'softmax'
				? softmaxAttention(
						device,
						inputs,
						{ B: 1, H, keyHeads: H, T, S: T, K: q.K, V },
						{ ...scale, causal: true },
					)
				: gatedDeltaRule(
						device,
						{
							...inputs,
							decay: {
								tensor: (await read('alpha', 'ST', 'K')).value,
								is: site.notes.some((note) => note.includes('logarithm')) ? 'log' : 'factor',
							},
							beta: (await read('beta', 'ST', 'K')).value,
						},
						{ B: 1, H, queryHeads: H, keyHeads: H, valueHeads: H, T, K: q.K, V },
						scale,
					);
		const given = ownChunks((await read('output', 'T', 'V')).value, layer);
		const apart = distance(given, await plain.output());
		found.push({
			...{ site: site.id, name: layer.name, apart, holds: apart <= EQUAL },
			is: uniform === 'softmax' ? 'causal softmax' : 'plain Gated DeltaNet',
		});
	}
	return found;
}

/** `[H, T, V]` of the first sequence; where the state has a copy of it for each chunk, each token from the copy of its own. */
function ownChunks(output: Strided, { H, T, V, routes }: RoutedLayer): Float32Array {
	const data = output.data as Float32Array;
	const [B = 1] = routes.choice.shape;
	const copies = data.length / (H * T * V * B);
	return Float32Array.from({ length: H * T * V }, (_, at) => {
		const [h, t, d] = [Math.floor(at / (T * V)), Math.floor(at / V) % T, at % V];
		return data[indexOf(output, copies === 1 ? 0 : Math.floor(t / routes.C), h, t, d)]!;
	});
}

function distance(given: Float32Array, wanted: Float32Array): number {
	let [apart, size] = [0, 0];
	given.forEach((value, at) => {
		apart += (value - wanted[at]!) ** 2;
		size += wanted[at]! ** 2;
	});
	return size > 0 ? Math.sqrt(apart / size) : 0;
}
