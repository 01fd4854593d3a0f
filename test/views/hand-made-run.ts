import type { AttentionSite, ModelSummary } from '../../extension/protocol/model.ts';
import { openSite } from '../../webview/runtime/site-operators.ts';
import type { NamedTensor } from '../../webview/view-api/named-tensor.ts';
import type { ViewContext } from '../../webview/view-api/view.ts';

/** A softmax site with nothing unusual, for tests to vary. */
export const site: AttentionSite = {
	id: '/layers.0/mixer',
	form: 'softmax',
	kind: 'decomposed',
	operator: null,
	layer: 0,
	path: '/layers.0/mixer',
	heads: 1,
	kvHeads: null,
	headSize: 2,
	scale: 1,
	softCap: null,
	mask: 'causal',
	window: null,
	cross: false,
	tensors: {
		q: { name: 'q', axes: 'BHTK' },
		k: { name: 'k', axes: 'BHSK' },
		v: { name: 'v', axes: 'BHSV' },
		scores: null,
		weights: null,
		output: { name: 'o', axes: 'BHTV' },
	},
	epsilon: null,
	derived: null,
	maskMeans: null,
	node: 7,
	nodeName: '/layers.0/mixer/Softmax',
	confidence: 1,
	notes: [],
};

export function modelWith(...sites: AttentionSite[]): ModelSummary {
	return {
		uri: 'file:///m.onnx',
		name: 'm.onnx',
		bytes: 1,
		version: '1',
		irVersion: 8,
		opsets: [],
		producer: '',
		nodes: 1,
		inputs: [],
		outputs: [],
		sites,
		external: [],
		linears: [],
		tables: [],
		codeLinks: [],
		stream: null,
		training: [],
	};
}

export function tensorOf(
	name: string,
	shape: readonly number[],
	values: ArrayLike<number>,
): NamedTensor {
	return {
		name,
		dtype: 'float32',
		shape,
		buffer: undefined,
		read: () => Promise.resolve(Float32Array.from(values)),
	};
}

/** A run without a GPU that has the given tensors. */
export function contextOf(
	model: ModelSummary,
	tensors: readonly NamedTensor[],
	tokens: readonly string[] = [],
	labels: readonly number[] = [],
): ViewContext {
	const tensor = (name: string) => {
		const found = tensors.find((each) => each.name === name);
		if (found) return Promise.resolve(found);
		const missing = Object.assign(new Error(`The last run did not read the tensor "${name}".`), {
			name: 'RunError',
		});
		return Promise.reject(missing);
	};
	return {
		model,
		device: undefined,
		tokens,
		labels: [...labels],
		input: { source: 'a test', tensors: [], tokens: [...tokens], labels: [...labels], note: '' },
		chosen: { backend: 'wasm', reason: 'WASM was asked for.', adapter: '' },
		findTensors: () =>
			Promise.resolve({
				tensors: tensors.map(({ name, dtype, shape }) => ({ name, op: '', node: '', path: '', dtype, shape: [...shape], inputs: [] })), // prettier-ignore
				total: tensors.length,
			}),
		placement: () => Promise.reject(new Error('A hand-made run was placed nowhere.')),
		again: () => Promise.reject(new Error('A hand-made run cannot be run again.')),
		models: {
			list: () => Promise.resolve([]),
			summary: () => Promise.reject(new Error('A hand-made run has no other models.')),
			run: () => Promise.reject(new Error('A hand-made run has no other models.')),
			free: () => Promise.resolve(),
		},
		files: {
			list: () => Promise.resolve([]),
			describe: () => Promise.reject(new Error('A hand-made run has no files.')),
			read: () => Promise.reject(new Error('A hand-made run has no files.')),
			pick: () => Promise.resolve(null),
		},
		tensor,
		attention: (site) => openSite({ device: undefined, tensor }, site),
		progress: () => undefined,
		signal: new AbortController().signal,
	};
}

/**
 * q, k, v and the output of one head whose query t reads mostly key `target(t)`: keys are one-hot, values are the key's
 * index and its square, and the scores of the target are `strength` above those of the other keys.
 */
export function pointingHead(
	T: number,
	target: (t: number) => number,
	strength: number,
): { tensors: NamedTensor[]; weights: Float64Array } {
	const q = new Float32Array(T * T);
	const k = new Float32Array(T * T);
	const v = new Float32Array(T * 2);
	const o = new Float32Array(T * 2);
	const weights = new Float64Array(T * T);
	for (let t = 0; t < T; t++) {
		q[t * T + target(t)] = strength;
		k[t * T + t] = 1;
		v.set([t, t * t], t * 2);
	}
	for (let t = 0; t < T; t++) {
		let sum = 0;
		for (let j = 0; j <= t; j++) sum += Math.exp(j === target(t) ? strength : 0);
		for (let j = 0; j <= t; j++) {
			const weight = Math.exp(j === target(t) ? strength : 0) / sum;
			weights[t * T + j] = weight;
			o[t * 2]! += weight * j;
			o[t * 2 + 1]! += weight * j * j;
		}
	}
	const tensors = [
		tensorOf('q', [1, 1, T, T], q),
		tensorOf('k', [1, 1, T, T], k),
		tensorOf('v', [1, 1, T, 2], v),
		tensorOf('o', [1, 1, T, 2], o),
	];
	return { tensors, weights };
}
