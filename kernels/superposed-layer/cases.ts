import { channelFor } from './shape.ts';
import type { TrialSizes } from './tally.ts';

/** Sizes in the manner of the phase diagram: as many outputs as features, c = ⌈log₂ m′⌉. */
export function square(outputs: number, neurons: number, active = 3): TrialSizes {
	return { features: outputs, outputs, neurons, channel: channelFor(outputs), active };
}

/** Both sides of a word of signs (32) and of a workgroup (64), few outputs and many, two on and five. */
export const cases: readonly TrialSizes[] = [
	{ features: 2, outputs: 1, neurons: 1, channel: 1, active: 2 },
	{ features: 40, outputs: 30, neurons: 31, channel: 4, active: 2 },
	{ features: 64, outputs: 64, neurons: 32, channel: 6, active: 3 },
	{ features: 65, outputs: 100, neurons: 33, channel: 5, active: 5 },
	square(128, 64),
	square(256, 256),
	square(256, 385),
];

/**
 * The shader counts in whole numbers, so its errors must be the reference's, every one. Only the noise is
 * a float32 sum: SwiftShader measures 7e-8 of it; this leaves more than tenfold.
 */
export const noiseTolerance = 1e-6;

/** RMS error over RMS of the float64 reference. SwiftShader measures at most 1.7e-7; this leaves tenfold. */
export const interferenceTolerance = 2e-6;
