import type { AttentionSite } from '../../extension/protocol/model.ts';
import { hybridAttention, ROUTE } from '../../kernels/hybrid-attention/hybrid-attention.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { siteTensor, SiteTensorError, sizeOf, strided } from '../view-api/site-tensors.ts';
import { readMemory } from './open-memory.ts';
import type { Tensors } from './site-shape.ts';

/**
 * Opens both branches of a routed site, each with the model's own answer of that branch: softmax over the chunks that
 * the router keeps exactly and the open one, and the state with those chunks rolled back.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openHybrid(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	const roles = { q: 'stateQ', k: 'stateK', v: 'stateV', output: 'stateOutput' };
	const state = await readMemory(context, site, roles);
	const exact = await readMemory(context, site);
	const { decay, beta } = state.inputs;
	if (!decay || !beta) {
		throw new SiteTensorError(
			'The state branch needs alpha and beta, and the graph has no such tensors.',
		);
	}
	const { B, H, T, K, V } = state.shape;
	const types = await routesOf(context, site);
	const chunks = types.length / (B * H);
	const results = hybridAttention(
		context.device,
		{ state: { ...state.inputs, decay, beta }, softmax: exact.inputs, types },
		{ B, H, T, K, V, softmaxK: exact.shape.K, C: Math.ceil(T / chunks) },
		site.scale === null ? {} : { softmaxScale: site.scale },
	);
	const common = { queryOffset: 0, state: undefined } as const;
	return {
		...common,
		results: results.softmax,
		memory: undefined,
		output: exact.output,
		signed: false,
		state: {
			...common,
			results: results.state,
			memory: results.state,
			output: state.output,
			signed: true,
		},
	};
}

/** `[B, H, chunks]` of `ROUTE`, from the router's one-hot choice `[B, C, H, R]` in any order of axes. */
async function routesOf(context: Tensors, site: AttentionSite): Promise<Uint32Array<ArrayBuffer>> {
	const choice = await siteTensor(context, site, 'choice');
	const [B, H, N] = [sizeOf(choice, 'B'), sizeOf(choice, 'H'), sizeOf(choice, 'C')];
	const letters = { head: 'H', token: 'C', channel: 'R' };
	const { data, strides } = await strided(choice, letters, H, undefined);
	const values = data as Float32Array;
	const types = new Uint32Array(B * H * N);
	types.forEach((_, at) => {
		const [b, h, c] = [Math.floor(at / (H * N)), Math.floor(at / N) % H, at % N];
		const exact = values[b * strides[0] + h * strides[1] + c * strides[2]]!;
		types[at] = exact > 0.5 ? ROUTE.softmax : ROUTE.state;
	});
	return types;
}
