import { describe, expect, it } from 'vitest';
import { closeness } from '../common/closeness.ts';
import { memoryShape, randomMemory } from '../common/memory/cases.ts';
import { dot } from '../common/memory/memory-reference.ts';
import { laidOut } from '../common/tensors.ts';
import { cases, inputsOf, randomProjection } from './cases.ts';
import { mapFeatures } from './features.ts';
import { linearAttention } from './linear-attention.ts';

const shape = memoryShape(1, 2, 12, 3, 4);

describe('linear attention, reference', () => {
	it('has Taylor features whose products are 1 + s + s²/2', () => {
		const [x, y] = [Float64Array.of(0.3, -1, 2, 0.5), Float64Array.of(1, 0.2, -0.4, 3)];
		const s = dot(x, y) / 2;
		const product = dot(mapFeatures({ kind: 'taylor2' }, x), mapFeatures({ kind: 'taylor2' }, y));
		expect(product).toBeCloseTo(1 + s + (s * s) / 2, 12);
	});

	it('approximates exp(q·k / √K) by many random features', () => {
		const next = gaussian();
		const projection = Float32Array.from({ length: 40_000 * 3 }, next);
		const map = { kind: 'favor', projection, nonlinearity: 'exp', epsilon: 0 } as const;
		const [x, y] = [Float64Array.of(0.5, -0.2, 0.4), Float64Array.of(0.3, 0.6, 0.1)];
		const product = dot(mapFeatures(map, x), mapFeatures(map, y));
		expect(product).toBeCloseTo(Math.exp(dot(x, y) / Math.sqrt(3)), 1);
	});

	it.each([
		[{ kind: 'elu1' }, [Math.exp(-1), 1, 3]],
		[{ kind: 'relu' }, [0, 0, 2]],
		[{ kind: 'exp' }, [Math.exp(-1), 1, Math.exp(2)]],
	] as const)('maps −1, 0 and 2 as %o says', (map, expected) => {
		expect(Array.from(mapFeatures(map, Float64Array.of(-1, 0, 2)))).toEqual(expected);
	});

	it.each(cases.filter(({ shape: { T } }) => T < 100).map((each) => [each.name, each] as const))(
		'has output = M·V by another way than its rows: %s',
		async (_name, each) => {
			const memory = linearAttention(undefined, inputsOf(each), each.shape, each.options);
			const { B, H, T, V } = each.shape;
			const given = laidOut(Float32Array.from(await memory.output()), 'BHTK', [B, H, T, V]);
			expect((await memory.residual(given)).overall).toBeLessThan(1e-7);
		},
	);

	it('sums what earlier tokens stored', async () => {
		const { q, k, v } = randomMemory(shape);
		const memory = linearAttention(undefined, { q, k, v }, shape);
		const output = await memory.output();
		const [qs, ks, vs] = [q.data, k.data, v.data] as readonly Float32Array[];
		let expected = 0;
		for (let j = 0; j <= 5; j++) {
			let product = 0;
			for (let i = 0; i < 3; i++) product += qs![5 * 3 + i]! * ks![j * 3 + i]!;
			expected += product * vs![j * 4 + 2]!;
		}
		expect(output[5 * 4 + 2]).toBeCloseTo(expected, 6);
	});

	it('has rows that sum to 1 under a normaliser', async () => {
		const { q, k, v } = randomMemory(shape);
		const options = { features: { kind: 'elu1' }, normaliser: { epsilon: 0 } } as const;
		const { mass } = await linearAttention(undefined, { q, k, v }, shape, options).rowStatistics();
		mass.forEach((each) => expect(each).toBeCloseTo(1, 6));
	});

	it('takes nothing from a stored pair where nothing fades', async () => {
		const { q, k, v } = randomMemory(shape);
		const memory = linearAttention(undefined, { q, k, v }, shape);
		const { intact, left, faded, erased } = await memory.ledger({
			batch: 0,
			head: 0,
			write: 2,
			read: 9,
		});
		expect(left).toBe(intact);
		expect([...faded, ...erased].every((x) => x === 0)).toBe(true);
	});

	it('accounts for what a decay took, to the last digit', async () => {
		const { q, k, v, channelDecay } = randomMemory(shape);
		const decay = { tensor: channelDecay, is: 'factor' } as const;
		const memory = linearAttention(undefined, { q, k, v, decay }, shape);
		const { intact, left, faded } = await memory.ledger({ batch: 0, head: 1, write: 1, read: 11 });
		expect(Math.abs(intact - left - faded.reduce((a, x) => a + x, 0))).toBeLessThan(1e-12);
	});

	it('gives in a permuted order of keys what it gave, where it is not causal', async () => {
		const { q, k, v } = randomMemory(shape);
		const backwards = (tensor: typeof q) => {
			const { data, strides } = tensor;
			const [, head, token, channel] = strides;
			const turned = data.map((_, at) => {
				const [h, t, i] = [Math.floor(at / head), Math.floor((at % head) / token), at % token];
				return (data as Float32Array)[h * head + (11 - t) * token + i * channel]!;
			});
			return { strides, data: turned };
		};
		const options = { causal: false, features: { kind: 'elu1' } } as const;
		const one = await linearAttention(undefined, { q, k, v }, shape, options).output();
		const turned = { q, k: backwards(k), v: backwards(v) };
		const other = await linearAttention(undefined, turned, shape, options).output();
		expect(closeness(other, one).ratio).toBeLessThan(1e-7);
	});

	it.each([
		[{ causal: false }, 'decay', 'a decay needs an order of tokens, but causal is false'],
		[{ causal: false }, 'initial', 'an initial state needs an order of tokens'],
		[{ normaliser: { epsilon: 0 } }, 'initial', 'an initial state has no normaliser'],
	] as const)('refuses %o with %s', (options, name, message) => {
		const { q, k, v, decay, initial } = randomMemory(shape);
		const extra =
			name === 'decay' ? { decay: { tensor: decay, is: 'factor' } as const } : { initial };
		const ask = () => linearAttention(undefined, { q, k, v, ...extra }, shape, options);
		expect(ask).toThrow(message);
	});

	it('names a projection that does not fit', () => {
		const { q, k, v } = randomMemory(shape);
		const projection = randomProjection(1, 4);
		const features = { kind: 'favor', projection, nonlinearity: 'exp', epsilon: 0 } as const;
		expect(() => linearAttention(undefined, { q, k, v }, shape, { features })).toThrow(
			'the projection must be [R, K=3], got 4 elements',
		);
	});
});

/** Normal numbers by Box and Muller from a seed. */
function gaussian(): () => number {
	let state = 1;
	const uniform = () => {
		state = (state * 16807) % 2147483647;
		return state / 2147483647;
	};
	return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
