import { seeded } from '../common/seeded.ts';

/** A repeatable source of numbers with mean 0 and variance 1. */
export function normals(seed: number): () => number {
	const next = seeded(seed);
	return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
