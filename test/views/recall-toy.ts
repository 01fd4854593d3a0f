import type { AttentionSite, ModelSummary } from '../../extension/protocol/model.ts';
import { laidOut } from '../../kernels/common/tensors.ts';
import { gatedDeltaRule } from '../../kernels/gated-delta-rule/gated-delta-rule.ts';
import { openSite } from '../../webview/runtime/site-operators.ts';
import type { OtherRun, RunAgain, ViewContext } from '../../webview/view-api/view.ts';
import { contextOf, modelWith, site as softmaxSite, tensorOf } from './hand-made-run.ts';

export const VOCABULARY = 64;
const HALF = VOCABULARY / 2;
const axes = { q: 'BHTK', k: 'BHTK', v: 'BHTV', output: 'BHTV' };

/** A memory that finds every pair, to be spoilt at single tokens. */
export interface Spoilt {
	/** How much of a token is written; 1. */
	beta?(at: number): number;
	/** What is left of the state at a token; 1. */
	alpha?(at: number): number;
	/** The token whose key a token writes under: the one before a value, none for others. */
	writes?(at: number, tokens: readonly number[]): number | undefined;
	/** What a token writes, as so much of a value; its own value once. */
	value?(
		at: number,
		tokens: readonly number[],
	): readonly [token: number, times: number] | undefined;
	/** Added to the logits behind the memory. */
	after?(at: number, token: number): number;
}

/**
 * A model of one gated delta memory whose every number is known: keys and values are unit vectors, a value writes under the
 * token before it, a key reads its own, and the logits are what was read.
 */
export function toyContext(spoilt: Spoilt): ViewContext {
	const site: AttentionSite = {
		...softmaxSite,
		id: 'memory',
		form: 'gated-delta',
		headSize: VOCABULARY,
		tensors: {
			...Object.fromEntries(Object.entries(axes).map(([role, letters]) => [role, { name: role, axes: letters }])), // prettier-ignore
			alpha: { name: 'alpha', axes: 'BHT' },
			beta: { name: 'beta', axes: 'BHT' },
			scores: null,
			weights: null,
		},
	};
	const model: ModelSummary = {
		...modelWith(site),
		inputs: [{ name: 'ids', dtype: 'int64', shape: ['batch', 'length'] }],
		outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 'length', VOCABULARY] }],
	};
	const again = async (request: RunAgain): Promise<OtherRun> => {
		const tensors = await runToy(spoilt, request);
		const context = contextOf(model, tensors);
		const tensor = (name: string) => context.tensor(name);
		return {
			tensor,
			attention: (each) => openSite({ device: undefined, tensor }, each),
			release: () => undefined,
		};
	};
	const logits = tensorOf('logits', [1, 1, VOCABULARY], new Float32Array(VOCABULARY));
	return { ...contextOf(model, [logits]), again };
}

async function runToy(spoilt: Spoilt, { input, overrides = [] }: RunAgain) {
	const [ids] = input!.tensors;
	const [B, T] = ids!.shape as [number, number];
	const tokens = Array.from(new BigInt64Array(ids!.data.slice().buffer), Number);
	const vectors = () => new Float32Array(B * T * VOCABULARY);
	const [q, k, v] = [vectors(), vectors(), vectors()];
	const [alpha, beta] = [new Float32Array(B * T), new Float32Array(B * T)];
	for (let b = 0; b < B; b++) {
		const own = tokens.slice(b * T, (b + 1) * T);
		own.forEach((token, t) => {
			const at = b * T + t;
			const isPair = t % 2 === 1 && token >= HALF && own[t - 1]! < HALF;
			const under = spoilt.writes?.(t, own) ?? (isPair ? own[t - 1] : undefined);
			const [value, times] = spoilt.value?.(t, own) ?? [token, 1];
			q[at * VOCABULARY + token] = 1;
			if (under !== undefined) k[at * VOCABULARY + under] = 1;
			if (under !== undefined) v[at * VOCABULARY + value] = times;
			alpha[at] = spoilt.alpha?.(t) ?? 1;
			beta[at] = spoilt.beta?.(t) ?? 1;
		});
	}
	const shape = { B, H: 1, queryHeads: 1, keyHeads: 1, valueHeads: 1, T, K: VOCABULARY, V: VOCABULARY }; // prettier-ignore
	const sizes = [B, 1, T, VOCABULARY] as const;
	// one number a token for all channels
	const gate = (data: Float32Array<ArrayBuffer>) => ({ data, strides: [T, T, 1, 0] as const });
	const inputs = {
		q: laidOut(q, 'BHTK', sizes),
		k: laidOut(k, 'BHTK', sizes),
		v: laidOut(v, 'BHTK', sizes),
		decay: { tensor: gate(alpha), is: 'factor' as const },
		beta: gate(beta),
	};
	const replaced = overrides.find(({ tensor }) => tensor === 'output')?.values;
	const output =
		replaced ?? (await gatedDeltaRule(undefined, inputs, shape, { scale: 1 }).output());
	const logits = output.map((value, i) => {
		const [at, token] = [Math.floor(i / VOCABULARY) % T, i % VOCABULARY];
		return value + (spoilt.after?.(at, token) ?? 0);
	});
	return [
		...Object.entries({ q, k, v, output }).map(([name, values]) => tensorOf(name, sizes, values)),
		tensorOf('alpha', [B, 1, T], alpha),
		tensorOf('beta', [B, 1, T], beta),
		tensorOf('logits', [B, T, VOCABULARY], logits),
	];
}
