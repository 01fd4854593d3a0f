import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { MemoryResults } from '../../kernels/common/memory-results.ts';
import type {
	Decay,
	MemoryInputs,
	MemoryShape,
} from '../../kernels/linear-attention/linear-attention.ts';
import { operators, tableOperators } from '../../kernels/operators.ts';
import { isTable } from '../view-api/attention-taps.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { siteTensor, SiteTensorError, sizeOf, strided } from '../view-api/site-tensors.ts';
import { readInitialState } from './read-initial-state.ts';
import { channelsOf, headsOf, type Tensors } from './site-shape.ts';

/** A memory's tensors with strides, and its sizes. */
export interface OpenedMemory {
	readonly inputs: MemoryInputs;
	readonly shape: MemoryShape;
	readonly output: OpenSite['output'];
}

/** @throws SiteTensorError where a tensor is missing or does not read as one of a memory */
export async function readMemory(context: Tensors, site: AttentionSite): Promise<OpenedMemory> {
	const [q, k, v, output] = await Promise.all([
		siteTensor(context, site, 'q'),
		siteTensor(context, site, 'k'),
		siteTensor(context, site, 'v'),
		siteTensor(context, site, 'output'),
	]);
	const { device } = context;
	const queryHeads = headsOf(q, site.heads, 'heads');
	const keySize = channelsOf(q, 'K', queryHeads);
	const keyHeads = k.axes.includes('D')
		? sizeOf(k, 'D') / keySize
		: headsOf(k, site.kvHeads ?? site.heads, 'key heads');
	const valueHeads = headsOf(v, site.kvHeads ?? site.heads, 'value heads');
	const shape: MemoryShape = {
		B: sizeOf(q, 'B'),
		H: Math.max(queryHeads, keyHeads, valueHeads),
		queryHeads,
		keyHeads,
		valueHeads,
		T: sizeOf(q, 'T'),
		K: keySize,
		V: channelsOf(v, 'V', valueHeads),
	};
	if (sizeOf(k, 'ST') !== shape.T) {
		throw new SiteTensorError(
			`A memory is read by the tokens that write it: ${shape.T} queries were expected with as many keys, got ${sizeOf(k, 'ST')}.`,
		);
	}
	const letters = (channel: string) => ({ head: 'HG', token: 'ST', channel });
	const beta = site.tensors['beta'] && (await siteTensor(context, site, 'beta'));
	const initial = await readInitialState(context, site, shape);
	return {
		shape,
		inputs: {
			q: await strided(q, letters('K'), queryHeads, device),
			k: await strided(k, letters('K'), keyHeads, device),
			v: await strided(v, letters('V'), valueHeads, device),
			decay: await decayOf(context, site, valueHeads),
			...(beta && { beta: await strided(beta, letters('K'), valueHeads, device) }),
			...(initial && { initial }),
		},
		output: await strided(output, letters('V'), shape.H, device),
	};
}

async function decayOf(
	context: Tensors,
	site: AttentionSite,
	heads: number,
): Promise<Decay | undefined> {
	if (!site.tensors['alpha']) return undefined;
	const read = await siteTensor(context, site, 'alpha');
	// more of them than heads are one for each channel, where the graph's shapes left that open
	const packed = read.axes.endsWith('H') && sizeOf(read, 'H') > heads;
	const alpha = packed ? { ...read, axes: read.axes.replace('H', 'D') } : read;
	const letters = { head: 'HG', token: 'ST', channel: 'K' };
	return {
		tensor: await strided(alpha, letters, heads, context.device),
		is: site.notes.some((note) => /alpha is the logarithm/.test(note)) ? 'log' : 'factor',
	};
}

/**
 * Opens a site that mixes by a memory; nothing is computed yet.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openMemory(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	const opened = await readMemory(context, site);
	if (isTable(site)) return openTable(context, site, opened);
	const memory = memoryOf(context, site, opened);
	return { results: memory, memory, output: opened.output, queryOffset: 0, signed: true };
}

/** A gated site written in parallel has no state to ask, but its matrix is the same. */
async function openTable(
	context: Tensors,
	site: AttentionSite,
	{ inputs, shape, output }: OpenedMemory,
): Promise<OpenSite> {
	const { B, H, queryHeads, keyHeads, valueHeads, T, K, V } = shape;
	if (queryHeads !== H || keyHeads !== valueHeads) {
		throw new SiteTensorError(
			`A table of decays is drawn for a query head each and key heads as many as value heads, got ${queryHeads} of ${H}, ${keyHeads} and ${valueHeads}.`,
		);
	}
	const mask = await siteTensor(context, site, 'mask');
	const letters = { head: 'HG', token: 'T', channel: 'S' };
	const table = await strided(mask, letters, 1, context.device);
	const results = tableOperators.gated(
		context.device,
		{ q: inputs.q, k: inputs.k, v: inputs.v, table },
		{ B, H, keyHeads, T, S: T, K, V },
		site.scale === null ? {} : { scale: site.scale },
	);
	return { results, memory: undefined, output, queryOffset: 0, signed: true };
}

/** The operator of a memory's form. @throws SiteTensorError or KernelError for what it lacks */
export function memoryOf(
	{ device }: Tensors,
	site: AttentionSite,
	{ inputs, shape }: OpenedMemory,
): MemoryResults {
	const { decay, beta } = inputs;
	const options = site.scale === null ? {} : { scale: site.scale };
	// the state of a routed layer
	if (site.form === 'gated-delta' || (site.form === 'hybrid' && decay && beta)) {
		if (!decay || !beta) throw missing(site, decay ? 'beta' : 'alpha');
		return operators['gated-delta'](device, { ...inputs, decay, beta }, shape, options);
	}
	if (site.form === 'delta') {
		if (!beta) throw missing(site, 'beta');
		return operators.delta(device, { ...inputs, beta }, shape, options);
	}
	if (site.form === 'gated' && !decay) throw missing(site, 'alpha');
	if (site.mask !== 'causal' && site.mask !== 'none') {
		throw new SiteTensorError(
			'Linear attention is drawn causal or unmasked; this site has a mask of its own.',
		);
	}
	return operators[site.form === 'gated' ? 'gated' : 'linear'](device, inputs, shape, {
		...options,
		causal: site.mask === 'causal',
		...(site.tensors['normaliser'] ? { normaliser: { epsilon: site.epsilon ?? 0 } } : {}),
	});
}

function missing({ form }: AttentionSite, role: string): SiteTensorError {
	return new SiteTensorError(
		`A site of form ${form} needs ${role}, and the graph has no tensor that can be read so.`,
	);
}
