import type { Dim } from './dims.ts';

export type Shape = readonly Dim[];

/** Elements of a small tensor, row-major, as far as they are known without running the graph. */
export type Value = readonly Dim[];

/** What is known of tensors while shapes are inferred; null where nothing is. */
export interface Inference {
	shapeOf(name: string): Shape | null;
	rankOf(name: string): number | null;
	valueOf(name: string): Value | null;
	dtypeOf(name: string): string | null;
}
