import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { MemoryShape } from '../../kernels/common/memory/memory.ts';
import { contiguous, indexOf, type Strided, type Strides } from '../../kernels/common/tensors.ts';
import { routedState } from '../../kernels/hybrid-attention/hybrid-attention.ts';
import { chunkSize } from '../view-api/chunk-size.ts';
import type { NamedTensor } from '../view-api/named-tensor.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { siteTensor, strided } from '../view-api/site-tensors.ts';
import { memoryOf, readMemory, type OpenedMemory } from './open-memory.ts';
import type { Tensors } from './site-shape.ts';

/** `[B, N, H, 2]`, one-hot: chunk n of a sequence is remembered exactly (first) or by the state. */
interface Choice {
	readonly B: number;
	readonly N: number;
	readonly values: Float32Array;
}

/**
 * Opens the state of a layer that chooses for every chunk how it is remembered. Where the graph gives its operator one copy of the
 * sequence for each chunk, in which that chunk's own writes count, the copies are read as the one sequence they stand for: token
 * t as the copy of its chunk has it. So every prefix is walked once, and a row of `M` is what token t reads.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openRouted(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	const opened = await readMemory(context, site);
	const choice = await readChoice(context, site);
	const { decay, beta } = opened.inputs;
	if (!choice || !decay || !beta || choice.B * choice.N !== opened.shape.B || choice.N === 1) {
		const memory = memoryOf(context, site, opened);
		return { results: memory, memory, output: opened.output, queryOffset: 0, signed: true };
	}
	const { B, N } = choice;
	const { shape: copied, inputs } = opened;
	const shape: MemoryShape = { ...copied, B };
	const chunk = chunkSize(shape.T, N);
	const once = (tensor: Strided): Strided => ({ ...tensor, strides: everyNth(tensor.strides, N) });
	const own = await ownChunks(context, site, opened, { B, N, chunk });
	const routes = { types: typesOf(choice, shape.H), chunk, keepDecay: true };
	const memory = routedState(
		context.device,
		{
			...{ q: once(inputs.q), k: once(inputs.k), v: once(inputs.v), beta: own.beta },
			decay: { ...decay, tensor: once(decay.tensor) },
		},
		shape,
		routes,
		site.scale === null ? {} : { scale: site.scale },
	);
	return { results: memory, memory, output: own.output, queryOffset: 0, signed: true };
}

async function readChoice(context: Tensors, site: AttentionSite): Promise<Choice | undefined> {
	const name = site.tensors['choice']?.name;
	if (name === undefined) return undefined;
	const tensor: NamedTensor = await context.tensor(name);
	const [B = 0, N = 0, , two] = tensor.shape;
	if (tensor.shape.length !== 4 || two !== 2) return undefined;
	return { B, N, values: await tensor.read() };
}

const everyNth = ([batch, ...rest]: Strides, N: number): Strides => [batch * N, ...rest];

/** `[B, H, N]`: 0 where softmax remembers the chunk, 1 where the state does. */
function typesOf({ B, N, values }: Choice, H: number): Uint32Array<ArrayBuffer> {
	return Uint32Array.from({ length: B * H * N }, (_, at) => {
		const [b, h, n] = [Math.floor(at / (H * N)), Math.floor(at / N) % H, at % N];
		return values[((b * N + n) * H + h) * 2]! > 0.5 ? 0 : 1;
	});
}

/** Write strengths and answers of every token from the copy of its chunk. */
async function ownChunks(
	context: Tensors,
	site: AttentionSite,
	{ shape }: OpenedMemory,
	{ B, N, chunk }: { readonly B: number; readonly N: number; readonly chunk: number },
): Promise<{ beta: Strided; output: Strided }> {
	const { H, valueHeads, T, V } = shape;
	const gather = async (role: string, letter: string, heads: number, channels: number) => {
		const read = await siteTensor(context, site, role);
		const letters = { head: 'HG', token: 'ST', channel: letter };
		const tensor = await strided(read, letters, heads, undefined);
		const given = tensor.data as Float32Array;
		const values = new Float32Array(B * heads * T * channels);
		let at = 0;
		for (let b = 0; b < B; b++) {
			for (let h = 0; h < heads; h++) {
				for (let t = 0; t < T; t++) {
					const copy = b * N + Math.floor(t / chunk);
					for (let d = 0; d < channels; d++) values[at++] = given[indexOf(tensor, copy, h, t, d)]!;
				}
			}
		}
		return { data: values, strides: contiguous('BHTK', [B, heads, T, channels]) };
	};
	return {
		beta: await gather('beta', 'K', valueHeads, 1),
		output: await gather('output', 'V', H, V),
	};
}
