import { describe, expect, it } from 'vitest';
import type { AttentionSite } from '../../extension/protocol/model.ts';
import { seeded } from '../../kernels/common/seeded.ts';
import { contextOf, modelWith, site, tensorOf } from '../../test/views/hand-made-run.ts';
import type { NamedTensor } from '../view-api/named-tensor.ts';
import { attentionTaps } from '../view-api/attention-taps.ts';

const [B, H, T, S, K] = [2, 2, 5, 7, 3];

function filled(length: number, seed: number): Float32Array {
	const next = seeded(seed);
	return Float32Array.from({ length }, () => next() * 2 - 1);
}

const [q, k, v] = [filled(B * H * T * K, 1), filled(B * S * K, 2), filled(B * S * K, 3)];

/** Grouped queries with a past of two tokens, as the model would compute them: `bias` is added, −∞ hides. */
function output(
	bias: (b: number, h: number, t: number, j: number) => number,
	cap = 0,
): Float32Array {
	const answers = new Float32Array(B * H * T * K);
	for (let b = 0; b < B; b++) {
		for (let h = 0; h < H; h++) {
			for (let t = 0; t < T; t++) {
				const row = ((b * H + h) * T + t) * K;
				const weights = Array.from({ length: S }, (_, j) => {
					let score = 0;
					for (let i = 0; i < K; i++) score += q[row + i]! * k[(b * S + j) * K + i]!;
					return Math.exp((cap > 0 ? cap * Math.tanh(score / cap) : score) + bias(b, h, t, j));
				});
				const sum = weights.reduce((a, x) => a + x, 0);
				for (let i = 0; i < K; i++) {
					answers[row + i] = weights.reduce(
						(a, x, j) => a + (x / sum) * v[(b * S + j) * K + i]!,
						0,
					);
				}
			}
		}
	}
	return answers;
}

const base: AttentionSite = {
	...site,
	heads: H,
	kvHeads: 1,
	tensors: { ...site.tensors, k: { name: 'k', axes: 'BGSK' }, v: { name: 'v', axes: 'BGSV' } },
};

/** `‖M·V − O‖ / ‖O‖` of a site opened on the tensors that it says it reads, and no others. */
async function residualOf(
	changed: Partial<AttentionSite>,
	masks: readonly NamedTensor[],
	answers: Float32Array,
): Promise<number> {
	const given = { ...base, ...changed, tensors: { ...base.tensors, ...changed.tensors } };
	const tensors = [
		tensorOf('q', [B, H, T, K], q),
		tensorOf('k', [B, 1, S, K], k),
		tensorOf('v', [B, 1, S, K], v),
		tensorOf('o', [B, H, T, K], answers),
		...masks,
	].filter(({ name }) => attentionTaps(given).includes(name));
	const { results, output } = await contextOf(modelWith(given), tensors).attention(given);
	return (await results.residual(output)).overall;
}

/** Largest RMS of the difference over RMS of the output, both rounded to float32; measured 3e-8. */
const tolerance = 3e-7;
const past = S - T;
const causal = (t: number, j: number) => (j > t + past ? -Infinity : 0);
/** The first keys of the second sequence are padding. */
const padded = (b: number, j: number) => b === 1 && j < 2;
const padding = Float32Array.from({ length: B * S }, (_, at) =>
	padded(Math.floor(at / S), at % S) ? -1e9 : 0,
);
const hide = (b: number, j: number) => (padded(b, j) ? -1e9 : 0);

describe('masks of a softmax site', () => {
	it('are a rule where the mask is nothing but causal: its tensor is not read', async () => {
		const tensors = { mask: { name: 'm', axes: '11TS' } };
		expect(attentionTaps({ ...base, tensors: { ...base.tensors, ...tensors } })).not.toContain('m');
		const answers = output((_b, _h, t, j) => causal(t, j));
		expect(await residualOf({ tensors }, [], answers)).toBeLessThan(tolerance);
	});

	it('hide padding beside causality, in a second tensor', async () => {
		const tensors = { mask: { name: 'm', axes: '11TS' }, mask2: { name: 'p', axes: 'B11S' } };
		const triangle = Float32Array.from({ length: T * S }, (_, at) =>
			causal(Math.floor(at / S), at % S) === 0 ? 0 : -1e9,
		);
		const answers = output((b, _h, t, j) => causal(t, j) + hide(b, j));
		const masks = [tensorOf('m', [1, 1, T, S], triangle), tensorOf('p', [B, 1, 1, S], padding)];
		expect(await residualOf({ tensors }, masks, answers)).toBeLessThan(tolerance);
		// what would be drawn without the second is far from it
		const blind = output((_b, _h, t, j) => causal(t, j));
		expect(await residualOf({ tensors }, masks, blind)).toBeGreaterThan(0.05);
	});

	it('hide padding that is a part of the causal mask, where the graph says so', async () => {
		const tensors = { mask: { name: 'm', axes: 'B1TS' } };
		const both = Float32Array.from({ length: B * T * S }, (_, at) => {
			const [b, t, j] = [Math.floor(at / (T * S)), Math.floor(at / S) % T, at % S];
			return causal(t, j) === 0 && !padded(b, j) ? 0 : -1e9;
		});
		const answers = output((b, _h, t, j) => causal(t, j) + hide(b, j));
		const notes = ['the causal mask also hides padding'];
		const masks = [tensorOf('m', [B, 1, T, S], both)];
		expect(await residualOf({ tensors, notes }, masks, answers)).toBeLessThan(tolerance);
	});

	it('add slopes that are multiplied on their way, beside causality', async () => {
		const slope = (h: number, j: number) => (h + 1) * 0.25 * j;
		const slopes = Float32Array.from(
			{ length: H * S },
			(_, at) => 4 * slope(Math.floor(at / S), at % S),
		);
		const tensors = { mask: { name: 'm', axes: '11TS' }, mask2: { name: 's', axes: '1H1S' } };
		const answers = output((_b, h, t, j) => causal(t, j) + slope(h, j));
		const notes = ['s is multiplied by 0.25 before the softmax'];
		const masks = [
			tensorOf('m', [1, 1, T, S], new Float32Array(T * S)),
			tensorOf('s', [1, H, 1, S], slopes),
		];
		expect(await residualOf({ tensors, notes }, masks, answers)).toBeLessThan(tolerance);
	});

	it.each(['visible', 'hidden'] as const)(
		'read a table of what is %s, with a window and a cap',
		async (means) => {
			const tensors = { mask: { name: 'm', axes: 'B11S' } };
			const table = Float32Array.from({ length: B * S }, (_, at) =>
				Number(padded(Math.floor(at / S), at % S) === (means === 'hidden')),
			);
			const own = (t: number) => t + past;
			const answers = output((b, _h, t, j) => (padded(b, j) || j <= own(t) - 3 ? -Infinity : 0), 2);
			const given = { tensors, mask: 'padding', maskMeans: means, window: 3, softCap: 2 } as const;
			const masks = [tensorOf('m', [B, 1, 1, S], table)];
			expect(await residualOf(given, masks, answers)).toBeLessThan(tolerance);
		},
	);

	it.each([
		[0, 'the causal mask also stands between more keys than queries'],
		[1, 'the causal mask also follows positions that are given'],
	])('start after %i keys where no rule tells, and say which key is whose', async (first, note) => {
		const tensors = { mask: { name: 'm', axes: 'TS' } };
		const bias = (t: number, j: number) => (j > t + first ? -1e9 : 0);
		const triangle = Float32Array.from({ length: T * S }, (_, at) =>
			bias(Math.floor(at / S), at % S),
		);
		const answers = output((_b, _h, t, j) => bias(t, j));
		const masks = [tensorOf('m', [T, S], triangle)];
		expect(await residualOf({ tensors, notes: [note] }, masks, answers)).toBeLessThan(tolerance);
		const given = { ...base, tensors: { ...base.tensors, ...tensors }, notes: [note] };
		const all = [
			...masks,
			tensorOf('q', [B, H, T, K], q),
			tensorOf('k', [B, 1, S, K], k),
			tensorOf('v', [B, 1, S, K], v),
			tensorOf('o', [B, H, T, K], answers),
		];
		const { queryOffset } = await contextOf(modelWith(given), all).attention(given);
		expect(queryOffset).toBe(first);
	});

	it('leave room for a sink, one score a head', async () => {
		const tensors = { sink: { name: 's', axes: 'H' } };
		const sinks = Float32Array.of(0.5, -1);
		const plain = output((_b, _h, t, j) => causal(t, j));
		const answers = plain.map((value, at) => {
			const [b, h, t] = [
				Math.floor(at / (H * T * K)),
				Math.floor(at / (T * K)) % H,
				Math.floor(at / K) % T,
			];
			let sum = 0;
			for (let j = 0; j <= t + past; j++) {
				let score = 0;
				for (let i = 0; i < K; i++)
					score += q[((b * H + h) * T + t) * K + i]! * k[(b * S + j) * K + i]!;
				sum += Math.exp(score);
			}
			return (value * sum) / (sum + Math.exp(sinks[h]!));
		});
		const given = [tensorOf('s', [H], sinks)];
		expect(await residualOf({ tensors }, given, answers)).toBeLessThan(tolerance);
		expect(await residualOf({ tensors }, given, plain)).toBeGreaterThan(0.05);
	});

	it('leave out queries that are padding, whatever their output holds', async () => {
		const tensors = { length: { name: 'l', axes: 'B' } };
		const answers = output((_b, _h, t, j) => causal(t, j)).map((value, at) =>
			Math.floor(at / (H * T * K)) === 1 && Math.floor(at / K) % T >= 3 ? 1e6 : value,
		);
		const lengths = (...counts: number[]) => [tensorOf('l', [B], counts)];
		expect(await residualOf({ tensors }, lengths(T, 3), answers)).toBeLessThan(tolerance);
		expect(await residualOf({ tensors }, lengths(T, 4), answers)).toBeGreaterThan(0.9);
	});

	it('say which mask is missing', async () => {
		const given = { mask: 'padding', tensors: { mask: null } } as const;
		await expect(
			residualOf(
				given,
				[],
				output(() => 0),
			),
		).rejects.toThrow('The graph has no tensor that can be read as mask.');
	});
});

describe('a gated site written in parallel', () => {
	it('is proved by its table of decays, and has no state to ask', async () => {
		const [tokens, gamma] = [6, 0.8];
		const names = { q: 'BHTK', k: 'BHSK', v: 'BHSV' } as const;
		const [queries, keys, values] = [4, 5, 6].map((seed) => filled(H * tokens * K, seed));
		const table = Float32Array.from({ length: tokens * tokens }, (_, at) => {
			const [t, j] = [Math.floor(at / tokens), at % tokens];
			return j > t ? 0 : gamma ** (t - j);
		});
		const answers = new Float32Array(H * tokens * K);
		for (let row = 0; row < H * tokens; row++) {
			const [h, t] = [Math.floor(row / tokens), row % tokens];
			for (let j = 0; j <= t; j++) {
				const key = (h * tokens + j) * K;
				let product = 0;
				for (let i = 0; i < K; i++) product += queries![row * K + i]! * keys![key + i]!;
				for (let i = 0; i < K; i++) {
					answers[row * K + i]! += 0.5 * product * gamma ** (t - j) * values![key + i]!;
				}
			}
		}
		const given: AttentionSite = {
			...site,
			form: 'gated',
			heads: H,
			scale: 0.5,
			tensors: {
				...Object.fromEntries(Object.entries(names).map(([name, axes]) => [name, { name, axes }])),
				mask: { name: 'd', axes: '11TS' },
				output: { name: 'o', axes: 'BHTV' },
			},
		};
		expect(attentionTaps(given)).toContain('d');
		const size = [1, H, tokens, K];
		const context = contextOf(modelWith(given), [
			tensorOf('q', size, queries!),
			tensorOf('k', size, keys!),
			tensorOf('v', size, values!),
			tensorOf('d', [1, 1, tokens, tokens], table),
			tensorOf('o', size, answers),
		]);
		const { results, memory, output: own, signed } = await context.attention(given);
		expect((await results.residual(own)).overall).toBeLessThan(tolerance);
		expect([memory, signed]).toEqual([undefined, true]);
	});
});
