import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Control, SceneEvent } from '../../view-api/view.ts';
import { CHUNK, DAMPINGS, FRAMES, INTEGRATORS, INTERACTIONS, SYSTEMS, type CloudSetup, type Order } from './cloud-setup.ts'; // prettier-ignore
import type { MomentumData } from './compute.ts';
import { causalityOf, framesOf, RACE, type Known, type MomentumQuery } from './detail.ts';

const SHOWS = ['model', 'dynamics', 'race'] as const;
const MOTIONS = ['both', 'second', 'first'] as const;

export interface MomentumState extends CloudSetup {
	readonly show: (typeof SHOWS)[number];
	/** Index into the stages of the depth; between two while it plays. */
	readonly stage: number;
	/** The velocity that enters each layer is multiplied by this. */
	readonly momentum: number;
	/** The token under the cursor; −1 for none. */
	readonly token: number;
	/** Whether the causality probe runs. */
	readonly causality: boolean;
	readonly motion: (typeof MOTIONS)[number];
	readonly frame: number;
	/** The setup that `frame` is of. */
	readonly framed: string;
	/** Presses of play and pause: it plays while they are odd. */
	readonly play: number;
	/** Presses of the other buttons, and how many of them are done. */
	readonly forward: number;
	readonly forwarded: number;
	readonly restart: number;
	readonly restarted: number;
}

/** Stages and frames a second. */
const STAGES_PER_S = 1.25;
const FRAMES_PER_S = 24;
/** What the dial is tried at unasked. */
const SWEEP = [0, 0.5];

export const isPlaying = ({ play }: MomentumState) => play % 2 === 1;
export const lastStage = ({ depth }: MomentumData) => Math.max(0, depth.stages.length - 1);

export function setupOf(state: MomentumState): CloudSetup {
	const { system, interaction, integrator, damping, particles, seed } = state;
	return { system, interaction, integrator, damping, particles, seed };
}

export function ordersOf({ motion }: MomentumState): Order[] {
	return motion === 'both' ? ['first', 'second'] : [motion];
}

export function restore(data: MomentumData, saved: unknown): MomentumState {
	const old = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
	const one = <T extends string>(field: string, words: readonly T[]): T =>
		words.find((word) => word === old[field]) ?? words[0]!;
	const within = (field: string, low: number, high: number, otherwise: number) => {
		const value = old[field];
		return typeof value === 'number' && value >= low && value <= high ? value : otherwise;
	};
	const whole = (field: string, high: number, otherwise: number, low = 0) =>
		Math.round(within(field, low, high, otherwise));
	const state: MomentumState = {
		show: one('show', data.depth.layers.length > 0 ? SHOWS : SHOWS.slice(1)),
		stage: within('stage', 0, lastStage(data), lastStage(data)),
		momentum: Math.round(within('momentum', 0, 1, 1) * 100) / 100,
		token: whole('token', data.tokens.length - 1, -1),
		causality: typeof old['causality'] === 'boolean' ? old['causality'] : data.small,
		system: one('system', SYSTEMS),
		interaction: one('interaction', INTERACTIONS),
		integrator: one('integrator', INTEGRATORS),
		damping: one('damping', DAMPINGS),
		particles: whole('particles', 4000, data.onGpu ? 600 : 200, 20),
		seed: whole('seed', 99, 1, 1),
		motion: one('motion', MOTIONS),
		frame: within('frame', 0, FRAMES - 1, 0),
		framed: typeof old['framed'] === 'string' ? old['framed'] : '',
		play: whole('play', Number.MAX_SAFE_INTEGER, 0),
		forward: whole('forward', Number.MAX_SAFE_INTEGER, 0),
		forwarded: whole('forwarded', Number.MAX_SAFE_INTEGER, 0),
		restart: whole('restart', Number.MAX_SAFE_INTEGER, 0),
		restarted: whole('restarted', Number.MAX_SAFE_INTEGER, 0),
	};
	return pressed(data, state);
}

/** A button that was pressed does its work once. */
function pressed(data: MomentumData, state: MomentumState): MomentumState {
	const setup = JSON.stringify(setupOf(state));
	if (state.framed !== setup) return pressed(data, { ...state, framed: setup, frame: 0, play: 0 });
	// what has been played to its end starts over
	if (isPlaying(state) && state.show === 'model' && state.stage >= lastStage(data))
		return { ...state, stage: 0 };
	if (isPlaying(state) && state.show === 'dynamics' && state.frame >= FRAMES - 1)
		return { ...state, frame: 0 };
	const { forward, forwarded, restart, restarted } = state;
	const stepped = forward === forwarded ? state : onward(data, { ...state, play: 0, forwarded: forward }); // prettier-ignore
	if (restart === restarted) return stepped;
	return { ...stepped, stage: stepped.show === 'model' ? 0 : stepped.stage, frame: 0, play: 0, restarted: restart }; // prettier-ignore
}

function onward(data: MomentumData, state: MomentumState): MomentumState {
	if (state.show === 'dynamics') {
		return { ...state, frame: Math.min(FRAMES - 1, Math.floor(state.frame) + 1) };
	}
	const next = Math.floor(state.stage) + 1;
	return { ...state, stage: next > lastStage(data) ? 0 : next };
}

export function momentumQueries(
	data: MomentumData,
	state: MomentumState,
	known: Known,
): MomentumQuery[] {
	if (state.show === 'race') {
		// one after the other, so that each shows as it comes
		const next = RACE.seeds.findIndex((seed) => !known({ kind: 'race', seed }));
		const asked = next < 0 ? RACE.seeds : RACE.seeds.slice(0, next + 1);
		return asked.map((seed) => ({ kind: 'race', seed }));
	}
	if (state.show === 'dynamics') return cloudQueries(state);
	const wanted = state.momentum < 1 ? [state.momentum, 0] : [0];
	const more = data.small && !isPlaying(state) ? SWEEP : [];
	const dials = data.hasVelocity ? [...new Set([...wanted, ...more])] : [];
	const queries: MomentumQuery[] = [
		...dials.map((momentum) => ({ kind: 'dial', momentum }) as const),
		...(state.causality ? [{ kind: 'causality' } as const] : []),
	];
	// each of them runs the model: one after the other
	const next = queries.findIndex((query) => !known(query));
	return next < 0 ? queries : queries.slice(0, next + 1);
}

/** The chunk of the frame, and while it plays the next one too. */
function cloudQueries(state: MomentumState): MomentumQuery[] {
	const setup = setupOf(state);
	const chunk = chunkOf(state.frame);
	const chunks = isPlaying(state) && chunk < chunkOf(FRAMES - 1) ? [chunk, chunk + 1] : [chunk];
	return ordersOf(state).flatMap((order) =>
		chunks.map((at): MomentumQuery => ({ kind: 'cloud', setup, order, chunk: at })),
	);
}

export const chunkOf = (frame: number) => Math.floor(Math.floor(frame) / CHUNK);

/** The last frame that may be shown: of the orders shown the one that is furthest behind, or that has ended. */
export function reachOf(state: MomentumState, known: Known): { frame: number; ended: boolean } {
	const setup = setupOf(state);
	let reach = 0;
	let ended = true;
	for (const order of ordersOf(state)) {
		let chunk = 0;
		let last = 0;
		let over = false;
		for (; chunk * CHUNK < FRAMES; chunk++) {
			const found = framesOf(known, setup, order, chunk);
			if (!found) break;
			last = chunk * CHUNK + found.frames.length - 1;
			over = found.over !== '';
			if (over) break;
		}
		over ||= chunk * CHUNK >= FRAMES;
		if (!over) return { frame: last, ended: false };
		reach = Math.max(reach, last);
		ended &&= over;
	}
	return { frame: reach, ended };
}

/** A playing picture waits for frames that have not come. */
export function step(
	data: MomentumData,
	state: MomentumState,
	seconds: number,
	known: Known,
): MomentumState {
	if (!isPlaying(state) || state.show === 'race') return state;
	const stop = { ...state, play: state.play + 1 };
	if (state.show === 'model') {
		const stage = state.stage + seconds * STAGES_PER_S;
		const last = lastStage(data);
		return stage >= last ? { ...stop, stage: last } : { ...state, stage };
	}
	const { frame: reach, ended } = reachOf(state, known);
	const frame = state.frame + seconds * FRAMES_PER_S;
	if (frame < reach) return { ...state, frame };
	if (ended) return { ...stop, frame: Math.min(reach, FRAMES - 1) };
	return state.frame >= reach ? state : { ...state, frame: reach };
}

export function focus(
	data: MomentumData,
	state: MomentumState,
	site: AttentionSite,
): MomentumState {
	const layer = data.layers.findIndex((each) => each.site === site.id);
	const stage = data.depth.stages.findIndex(({ block, kind }) => block === layer && kind === 'attention'); // prettier-ignore
	return layer < 0 || stage < 0 ? state : { ...state, show: 'model', stage };
}

export function act(data: MomentumData, state: MomentumState, event: SceneEvent): MomentumState {
	if (event.kind === 'leave') return { ...state, token: -1 };
	if (event.target === 'tokens') return { ...state, token: event.column };
	if (event.target === 'stages' && event.kind === 'press') return { ...state, stage: event.column, play: 0 }; // prettier-ignore
	return state;
}

export function controls(
	data: MomentumData,
	state: MomentumState,
	known: Known,
): Control<keyof MomentumState>[] {
	const choice = (field: keyof MomentumState, label: string, options: readonly (readonly [string, string])[], help?: string): Control<keyof MomentumState> => ({ kind: 'choice', field, label, options: options.map(([value, words]) => ({ value, label: words })), ...(help ? { help } : {}) }); // prettier-ignore
	const shows: (readonly [string, string])[] = [['dynamics', 'Particles'], ['race', 'Convergence race']]; // prettier-ignore
	const show = choice('show', 'Show', data.depth.layers.length > 0 ? [['model', 'This model’s tokens'], ...shows] : shows); // prettier-ignore
	const playing = isPlaying(state);
	const moving: Control<keyof MomentumState>[] = [
		{ kind: 'button', field: 'play', label: playing ? 'Pause' : 'Play' },
		{ kind: 'button', field: 'forward', label: 'Step' },
		{ kind: 'button', field: 'restart', label: 'From the start' },
	];
	if (state.show === 'race') return [show];
	if (state.show === 'dynamics') {
		return [
			show,
			...moving,
			choice('system', 'System', [['softmax', 'softmax attention'], ['linear', 'linear attention'], ['bowl', 'quadratic bowl (control)']]), // prettier-ignore
			choice('motion', 'Motion', [['both', 'both'], ['second', 'with momentum'], ['first', 'without momentum']]), // prettier-ignore
			...(state.system === 'bowl' ? [] : [choice('interaction', state.system === 'linear' ? 'V' : 'A', [['positive', 'positive'], ['mixed', 'of both signs'], ['negative', 'negative']])]), // prettier-ignore
			choice('integrator', 'Integrator', [['runge-kutta', 'Runge–Kutta 4'], ['symplectic', 'symplectic Euler'], ['exponential', 'exponential Euler'], ['strang', 'Strang']]), // prettier-ignore
			choice('damping', 'Damping', [['none', 'none'], ['constant', 'constant'], ['nesterov', '3/t']]), // prettier-ignore
			{ kind: 'slider', field: 'particles', label: 'Particles', min: 20, max: 4000, step: 20 },
			{ kind: 'slider', field: 'seed', label: 'Seed', min: 1, max: 99, step: 1 },
		];
	}
	return [
		show,
		...(data.depth.stages.length > 1 ? moving : []),
		...(data.hasVelocity ? [{ kind: 'slider', field: 'momentum', label: 'Momentum', min: 0, max: 1, step: 0.05, help: 'The velocity that enters every layer is multiplied by this, in the real model' } as const] : []), // prettier-ignore
		...(causalityOf(known) ? [] : [{ kind: 'toggle', field: 'causality', label: 'Check causality' } as const]), // prettier-ignore
	];
}
