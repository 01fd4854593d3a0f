import { race, standardStart, type RaceResult } from '../../../kernels/momentum-attention/momentum-attention.ts'; // prettier-ignore
import { SiteTensorError } from '../../view-api/site-tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { probeCausality, type Causality } from './causality.ts';
import type { CloudSetup, Order } from './cloud-setup.ts';
import type { MomentumData } from './compute.ts';
import { dial, type Dialled } from './dial.ts';
import { runCloud, type CloudFrames } from './particles.ts';

export type MomentumQuery =
	| { readonly kind: 'dial'; readonly momentum: number }
	| { readonly kind: 'causality' }
	| { readonly kind: 'race'; readonly seed: number }
	| { readonly kind: 'cloud'; readonly setup: CloudSetup; readonly order: Order; readonly chunk: number }; // prettier-ignore

export interface Raced extends RaceResult {
	readonly kind: 'race';
}

export type MomentumDetail = Dialled | Causality | Raced | CloudFrames;

/** An answer, as far as it has arrived. */
export type Known = (query: MomentumQuery) => MomentumDetail | undefined;

/** The published race: N = 16, d = 2, A = 0, B = 1, H = diag(.01, 1), friction 2√.01, Runge–Kutta at .05. */
export const RACE = {
	seeds: [31001, 31002, 31003, 31004, 31005],
	thresholds: [1e-2, 1e-3, 1e-4],
	particles: 16,
	step: 0.05,
	friction: 0.2,
	until: 600,
} as const;

export async function fetchDetail(
	context: ViewContext,
	data: MomentumData,
	query: MomentumQuery,
): Promise<MomentumDetail> {
	switch (query.kind) {
		case 'dial':
			return dial(context, data, query.momentum);
		case 'causality':
			return probeCausality(context);
		case 'race':
			context.progress('Racing in the bowl', RACE.seeds.indexOf(query.seed as 31001), RACE.seeds.length); // prettier-ignore
			return { kind: 'race', ...runRace(query.seed) };
		case 'cloud':
			return runCloud(context, data, query.setup, query.order, query.chunk);
		default:
			throw new SiteTensorError('The momentum view was asked for what it does not know.');
	}
}

function runRace(seed: number): RaceResult {
	const { particles, thresholds, step, friction, until } = RACE;
	const parameters = {
		...{ particles, width: 2 },
		scores: new Float64Array(4),
		mobility: Float64Array.of(1, 0, 0, 1),
		bowl: Float64Array.of(0.01, 0, 0, 1),
	};
	return race(parameters, standardStart(seed, particles), { thresholds, friction, step, until, every: 40 }); // prettier-ignore
}

export function dialled(known: Known, momentum: number): Dialled | undefined {
	const found = known({ kind: 'dial', momentum });
	return found?.kind === 'dial' ? found : undefined;
}

export function causalityOf(known: Known): Causality | undefined {
	const found = known({ kind: 'causality' });
	return found?.kind === 'causality' ? found : undefined;
}

export function racesOf(known: Known): Raced[] {
	return RACE.seeds.flatMap((seed) => {
		const found = known({ kind: 'race', seed });
		return found?.kind === 'race' ? [found] : [];
	});
}

export function framesOf(
	known: Known,
	setup: CloudSetup,
	order: Order,
	chunk: number,
): CloudFrames | undefined {
	// prettier-ignore
	const found = known({ kind: 'cloud', setup, order, chunk });
	return found?.kind === 'cloud' ? found : undefined;
}
