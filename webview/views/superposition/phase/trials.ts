import {
	addTallies,
	channelFor,
	noTrials,
	ratesOf,
	runTrials,
	type Rates,
	type Tally,
	type TrialSizes,
} from '../../../../kernels/superposed-layer/superposed-layer.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import type { SuperpositionState } from '../state.ts';

/** One batch of one cell: a fresh network and some inputs. */
export interface TrialQuery {
	readonly kind: 'trials';
	readonly sizes: TrialSizes;
	readonly seed: number;
	readonly inputs: number;
}

export interface TrialDetail {
	readonly kind: 'trials';
	readonly tally: Tally;
}

export type KnownTrials = (query: TrialQuery) => TrialDetail | undefined;

/** Neurons over √m′ at which the curve is drawn. */
export const RATIOS = [4, 6, 8, 10, 12, 13, 14, 15, 16, 18, 20, 24, 28, 32] as const;

/** Networks a cell; each round has more inputs than the one before. */
const ROUNDS = 6;

/** What one batch may cost: about a tenth of a second on a software adapter. */
const BATCH_WORK = 5e6;

type Asked = Pick<SuperpositionState, 'outputs' | 'neurons' | 'channel' | 'active' | 'refine'>;

export function sizesOf({ outputs, channel, active }: Asked, neurons: number): TrialSizes {
	const own = channel === 0 ? channelFor(outputs) : channel;
	return { features: outputs, outputs, neurons, channel: Math.min(own, neurons), active };
}

/** The slider's own cell first, then the cells of the curve. */
export function cellsOf(asked: Asked): TrialSizes[] {
	const root = Math.sqrt(asked.outputs);
	const curve = RATIOS.map((ratio) => Math.round(ratio * root));
	const all = [asked.neurons, ...curve.filter((neurons) => neurons !== asked.neurons)];
	return all.map((neurons) => sizesOf(asked, neurons));
}

function batchOf(sizes: TrialSizes, cell: number, round: number): TrialQuery {
	const { features, outputs, neurons, channel, active } = sizes;
	const words = neurons / 32;
	const work = features * (3 * words + active) + 3 * outputs * channel + 4 * neurons;
	const most = Math.max(2, Math.floor(BATCH_WORK / work));
	const inputs = Math.min(most, 8 * 2 ** round);
	return { kind: 'trials', sizes, seed: 1000 * round + cell + 1, inputs };
}

/** Every batch in the order in which they are run: all cells roughly, then again and finer. */
function batchesOf(asked: Asked): TrialQuery[] {
	const cells = cellsOf(asked);
	const rounds = asked.refine ? ROUNDS : 1;
	return Array.from({ length: rounds }, (_, round) =>
		cells.map((sizes, cell) => batchOf(sizes, cell, cell === 0 ? round + 1 : round)),
	).flat();
}

/** One at a time, so that a moved slider waits for one batch at most. */
export function trialQueries(asked: Asked, known: KnownTrials): TrialQuery[] {
	const next = batchesOf(asked).find((batch) => !known(batch));
	return next ? [next] : [];
}

export async function runBatch(context: ViewContext, query: TrialQuery): Promise<TrialDetail> {
	const { sizes, seed, inputs } = query;
	return { kind: 'trials', tally: await runTrials(context.device, sizes, { seed, inputs }) };
}

export interface Cell {
	readonly sizes: TrialSizes;
	readonly tally: Tally;
	readonly rates: Rates;
	/** Standard error of the exact rate, from the spread between networks; NaN for one network. */
	readonly error: number;
}

/** Of a share counted in networks of unlike numbers of inputs. */
export function standardError(tallies: readonly Tally[]): number {
	const inputs = tallies.reduce((sum, tally) => sum + tally.inputs, 0);
	const share = tallies.reduce((sum, tally) => sum + tally.exact, 0) / inputs;
	const squares = tallies.reduce((sum, { exact, inputs: n }) => sum + (exact - share * n) ** 2, 0);
	const k = tallies.length;
	return k > 1 ? Math.sqrt((squares * k) / (k - 1)) / inputs : NaN;
}

/** What is known of each cell so far; the slider's own cell first, cells without an input left out. */
export function measuredCells(
	asked: Asked,
	known: KnownTrials,
): {
	readonly cells: readonly Cell[];
	readonly done: number;
	readonly of: number;
} {
	const batches = batchesOf(asked);
	const found = batches.map((batch) => known(batch)?.tally);
	const cells = cellsOf(asked).flatMap((sizes): Cell[] => {
		const own = found.flatMap((tally, at) =>
			tally && batches[at]!.sizes.neurons === sizes.neurons ? [tally] : [],
		);
		const tally = own.reduce(addTallies, noTrials);
		if (tally.inputs === 0) return [];
		return [{ sizes, tally, rates: ratesOf(tally, sizes), error: standardError(own) }];
	});
	return { cells, done: found.filter(Boolean).length, of: batches.length };
}
