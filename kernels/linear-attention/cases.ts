import { memoryShape, memoryShapes, nameOf, randomMemory } from '../common/memory/cases.ts';
import type { MemoryInputs, MemoryShape } from '../common/memory/memory.ts';
import { seeded } from '../common/seeded.ts';
import type { FavorMap, LinearOptions } from './linear-attention.ts';

export interface LinearCase {
	readonly name: string;
	readonly shape: MemoryShape;
	readonly options: LinearOptions;
	/** What `randomMemory` makes beside q, k and v. */
	readonly gate?: 'head' | 'channel';
	readonly beta?: boolean;
	readonly initial?: boolean;
}

const small = memoryShape(2, 2, 37, 6, 5);

/** `[R, K]` from a seed, in (−2, 2). */
export function randomProjection(R: number, K: number): Float32Array<ArrayBuffer> {
	const next = seeded(3);
	return Float32Array.from({ length: R * K }, () => next() * 4 - 2);
}

const favor = (nonlinearity: FavorMap['nonlinearity']): FavorMap => ({
	kind: 'favor',
	projection: randomProjection(11, 6),
	nonlinearity,
	epsilon: 1e-3,
});

/** Every feature map, every gate, both sides of the shaders' tiles. */
export const cases: readonly LinearCase[] = [
	...memoryShapes.map((shape) => ({ name: `plain ${nameOf(shape)}`, shape, options: {} })),
	...(['elu1', 'exp', 'taylor2'] as const).map((kind) => ({
		name: `normalised ${kind}`,
		shape: small,
		options: { features: { kind }, normaliser: { epsilon: 1e-6 } },
	})),
	{
		name: 'normalised ReLU',
		shape: small,
		options: { features: { kind: 'relu' }, normaliser: { epsilon: 0.1 } },
	},
	{ name: 'random exp features', shape: small, options: { features: favor('exp'), scale: 0.5 } },
	{
		name: 'random ReLU features, normalised, not causal',
		shape: small,
		options: { features: favor('relu'), normaliser: { epsilon: 0 }, causal: false },
	},
	{ name: 'not causal', shape: small, options: { features: { kind: 'elu1' }, causal: false } },
	{ name: 'a decay a head', shape: small, options: { scale: 0.4 }, gate: 'head', initial: true },
	{ name: 'a decay a channel', shape: small, options: {}, gate: 'channel', initial: true },
	{
		name: 'a decay a channel and a write gate',
		shape: small,
		options: {},
		gate: 'channel',
		beta: true,
	},
	{
		name: 'a decay a head, normalised',
		shape: memoryShape(1, 1, 600, 4, 3),
		options: { features: { kind: 'elu1' }, normaliser: { epsilon: 1e-6 } },
		gate: 'head',
	},
];

export function inputsOf({ shape, gate, beta, initial }: LinearCase): MemoryInputs {
	const random = randomMemory(shape);
	const { q, k, v } = random;
	const decay = gate === 'channel' ? random.channelDecay : random.decay;
	return {
		...{ q, k, v },
		...(gate && { decay: { tensor: decay, is: 'factor' } }),
		...(beta && { beta: random.beta }),
		...(initial && { initial: random.initial }),
	};
}

/** RMS error over RMS of the float64 reference. SwiftShader measures at most 4.1e-7 (a state of 500 tokens); this leaves tenfold. */
export const tolerances = { weights: 4e-6, statistics: 2e-5 };
