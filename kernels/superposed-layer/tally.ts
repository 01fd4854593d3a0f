import { refuse, type LayerSizes } from './shape.ts';

/** One cell of the phase diagram. */
export interface TrialSizes extends LayerSizes {
	/** v: features on in each input: one wanted pair, and others drawn at random. */
	readonly active: number;
}

/** Counts of many random inputs; tallies of several networks add up with `addTallies`. */
export interface Tally {
	readonly networks: number;
	readonly inputs: number;
	/** Inputs of which every output came out right. */
	readonly exact: number;
	/** Σ over networks of their exact rate squared, for the spread between networks. */
	readonly exactSquares: number;
	readonly falsePositives: number;
	readonly falseNegatives: number;
	/** Σ over inputs and neurons of (W x − R y)², and how many of them. */
	readonly noiseSquares: number;
	readonly noiseCount: number;
	/** Σ over networks of the mean ones in a row of R. */
	readonly load: number;
}

export const noTrials: Tally = {
	...{ networks: 0, inputs: 0, exact: 0, exactSquares: 0, falsePositives: 0, falseNegatives: 0 },
	...{ noiseSquares: 0, noiseCount: 0, load: 0 },
};

export function addTallies(a: Tally, b: Tally): Tally {
	const names = Object.keys(noTrials) as (keyof Tally)[];
	return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as Tally;
}

export interface Rates {
	/** Share of inputs with every output right. */
	readonly exact: number;
	/** Standard error of that share, from the spread between networks; Infinity for fewer than two. */
	readonly exactError: number;
	/** Per input. */
	readonly falsePositives: number;
	readonly falseNegatives: number;
	/** Measured standard deviation of W x − R y. */
	readonly noise: number;
	/** What decompression should cost: √(load · v / n). */
	readonly predictedNoise: number;
}

/** @throws KernelError `shape` for a tally of nothing. */
export function ratesOf(tally: Tally, { active, neurons }: TrialSizes): Rates {
	const { networks, inputs } = tally;
	if (inputs === 0) refuse('rates need at least one input');
	const exact = tally.exact / inputs;
	const spread = Math.max(0, tally.exactSquares / networks - exact ** 2);
	return {
		exact,
		exactError: networks > 1 ? Math.sqrt(spread / (networks - 1)) : Infinity,
		falsePositives: tally.falsePositives / inputs,
		falseNegatives: tally.falseNegatives / inputs,
		noise: Math.sqrt(tally.noiseSquares / tally.noiseCount),
		predictedNoise: Math.sqrt(((tally.load / networks) * active) / neurons),
	};
}
