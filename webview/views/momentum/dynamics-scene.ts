import { counted, significant } from '../../view-api/format.ts';
import type { Figure, Mark, Scene, Size } from '../../view-api/scene.ts';
import { cloudPicture, radiiPicture, reachOfFrames, roleOf, whitenedOf } from './cloud-picture.ts';
import { CHUNK, FRAMES, type Order } from './cloud-setup.ts';
import type { MomentumData } from './compute.ts';
import { framesOf, type Known } from './detail.ts';
import type { CloudFrames } from './particles.ts';
import { ordersOf, setupOf, type MomentumState } from './state.ts';
import { heading, paragraph } from './words.ts';

const GAP = 20;
const WIDE_FROM = 560;
const RADII = 64;

/** What of a run has arrived, its chunks joined; a gap ends it. */
interface Run extends Omit<CloudFrames, 'kind'> {
	readonly order: Order;
	/** The first frame of all, for comparison. */
	readonly start: Float32Array | undefined;
	readonly now: Float32Array | undefined;
	/** Index of `now`. */
	readonly at: number;
}

const titles = { first: 'Without momentum (first order)', second: 'With momentum' } as const;
const names = {
	softmax: 'softmax attention',
	linear: 'linear attention',
	bowl: 'a quadratic bowl',
} as const;

export function dynamicsScene(
	data: MomentumData,
	state: MomentumState,
	size: Size,
	known: Known,
): Scene {
	const runs = ordersOf(state).map((order) => runOf(state, order, known));
	const line = size.lineHeight;
	const wide = size.width >= WIDE_FROM && runs.length > 1;
	const width = wide ? (size.width - GAP) / 2 : size.width;
	const side = Math.max(150, Math.min(width, wide ? 420 : 340));
	const elliptic = state.system === 'linear';
	const marks: Mark[] = [];
	let y = 0;
	let bottom = 0;
	for (const [index, run] of runs.entries()) {
		const x = wide ? index * (width + GAP) : 0;
		const top = wide ? 0 : y;
		const box = { x, y: top + line * 1.3, width, height: side };
		const time = run.time[run.at];
		const title = `${titles[run.order]}${time === undefined ? '' : `, t = ${significant(time)}`}`;
		marks.push(heading(title, top, size, x, width));
		if (run.now && run.start) {
			marks.push(...cloudPicture(run.now, run.start, run.order, reachOfFrames([run.start, run.now]), elliptic, box)); // prettier-ignore
		} else marks.push({ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 });
		bottom = box.y + side + line * 0.5;
		if (elliptic && run.now && run.start) {
			const [now, start] = [whitenedOf(run.now), whitenedOf(run.start)];
			const radii = { x, y: bottom + line, width: Math.min(width, 320), height: RADII };
			if (now && start) marks.push(heading('Whitened radii: now, and at the start (line)', bottom, size, x, width), ...radiiPicture(now, start, run.order, radii, size)); // prettier-ignore
			bottom += RADII + line * 2.4;
		}
		y = bottom;
	}
	for (const [note, fill] of notesOf(state, runs)) {
		const words = paragraph(note, bottom, size, { fill });
		marks.push(...words.marks);
		bottom += words.height + 5;
	}
	return {
		title: `Particles under ${names[state.system]}`,
		site: data.depth.layers[0]?.site ?? '',
		description: describe(state, runs),
		width: size.width,
		height: Math.ceil(bottom + 4),
		marks,
		targets: [],
		figures: energyFigures(state, runs),
		readout: runs.flatMap((run) => readout(run)).join(' · '),
	};
}

function runOf(state: MomentumState, order: Order, known: Known): Run {
	const setup = setupOf(state);
	const chunks: CloudFrames[] = [];
	for (let chunk = 0; chunk * CHUNK < FRAMES; chunk++) {
		const found = framesOf(known, setup, order, chunk);
		if (!found) break;
		chunks.push(found);
	}
	const frames = chunks.flatMap((chunk) => chunk.frames);
	const at = Math.max(0, Math.min(Math.floor(state.frame), frames.length - 1));
	return {
		...{ order, frames, at },
		time: chunks.flatMap(({ time }) => time),
		kinetic: chunks.flatMap(({ kinetic }) => kinetic),
		potential: chunks.flatMap(({ potential }) => potential),
		apart: chunks.flatMap(({ apart }) => apart),
		over: chunks.at(-1)?.over ?? '',
		start: frames[0],
		now: frames[at],
	};
}

const hasEnded = ({ over, at, frames }: Run) => over !== '' && at === frames.length - 1;

function describe(state: MomentumState, runs: readonly Run[]): string {
	const { system, particles } = state;
	const shown = runs.filter(({ now }) => now);
	if (shown.length === 0) return `Moving ${counted(particles, 'particle')} under ${names[system]}…`;
	const told = shown.map((run) => {
		const { order, at, kinetic, potential } = run;
		const total = kinetic[at]! + potential[at]!;
		const share = system === 'bowl' ? `potential ${significant(potential[at]! / potential[0]!)} of the start` : order === 'second' ? `energy ${significant(total)} (${significant(kinetic[0]! + potential[0]!)} at the start)` : `potential ${significant(potential[at]!)} (${significant(potential[0]!)} at the start)`; // prettier-ignore
		const ended = hasEnded(run) ? `, ended: ${run.over}` : '';
		return `${order === 'first' ? 'without momentum' : 'with momentum'} ${share}${ended}`;
	});
	const law = system === 'linear' ? ellipticSentence(shown) : '';
	return `${counted(particles, 'particle')} under ${names[system]} at t = ${significant(shown[0]!.time[shown[0]!.at]!)}: ${told.join('; ')}.${law}`; // prettier-ignore
}

function ellipticSentence(runs: readonly Run[]): string {
	const apart = runs.map(({ apart: all, at }) => all[at] ?? 0);
	return ` One matrix maps the start to every later cloud: it is off by ${significant(Math.max(...apart))} of the cloud’s size (the integrator’s own error), and whitened radii stay what they were.`; // prettier-ignore
}

/** What a picture of moving particles must not be taken for. */
function notesOf(
	state: MomentumState,
	runs: readonly Run[],
): (readonly [string, 'muted' | 'warning'])[] {
	// prettier-ignore
	const { system, interaction, damping } = state;
	const ended = runs.filter(hasEnded).map(({ order, over, time, at }): readonly [string, 'warning'] => [`${titles[order]}: stopped at t = ${significant(time[at]!)}; ${over}.`, 'warning']); // prettier-ignore
	if (system === 'bowl') {
		return [
			...ended,
			['A control: the potential ½ Σ xᵀHx has a floor, so that “sooner” has a meaning. H = diag(.05, 1), no attention between the particles. It says nothing of attention’s own potential.', 'muted'], // prettier-ignore
			[damping === 'none' ? 'Without damping, momentum never settles: the energy stays.' : 'Dashed: the cloud’s ellipse (two standard deviations) at the start.', 'muted'], // prettier-ignore
		];
	}
	const floor: (readonly [string, 'warning'])[] = interaction === 'negative' ? [] : [[system === 'softmax' ? 'No floor: where A has a positive direction, −½ Σ exp(xᵀAx′) falls without end and particles run away (one alone obeys x′ = x). Nothing converges here, with momentum or without; running away sooner is no success.' : 'No floor: where V has a positive direction, −½ Σ xᵀVx falls without end, and a particle obeys x′ = x³: it is gone in finite time. Nothing converges here, with momentum or without.', 'warning']]; // prettier-ignore
	const reading: readonly [string, 'muted'] = system === 'linear' ? ['Stein’s reading: linear attention is the first term of Stein variational gradient descent with the kernel xᵀAx′ towards exp(½ xᵀVx); the second term, the repulsion A x that keeps particles apart, is what attention leaves out. Here A = 1. Solid ellipse: two standard deviations now; dashed: at the start.' , 'muted'] : ['Time is shown so that both start alike: from rest ẍ(0) is attention’s own flow Γ. Energies are over N³: the potential is half the mean of exp(score). B = 1, V = A. Dashed: the ellipse at the start.', 'muted']; // prettier-ignore
	return [...ended, ...floor, reading];
}

function energyFigures(state: MomentumState, runs: readonly Run[]): Figure[] {
	const figures: Figure[] = [];
	const second = runs.find(({ order }) => order === 'second');
	const series = runs.flatMap((run) => {
		const words = run.order === 'first' ? 'no momentum' : 'momentum';
		return [{ label: `potential, ${words}`, role: roleOf(run.order), x: run.time, y: run.potential }]; // prettier-ignore
	});
	if (second) {
		const total = second.kinetic.map((kinetic, at) => kinetic + second.potential[at]!);
		series.push(
			{ label: 'kinetic, momentum', role: { series: 2 }, x: second.time, y: second.kinetic },
			{ label: 'total, momentum', role: 'text', x: second.time, y: total },
		);
	}
	const unit = state.system === 'softmax' ? '÷ N³' : 'a particle';
	if (series.some(({ x }) => x.length > 1)) {
		figures.push({ id: 'cloud-energy', kind: 'line', title: 'Energy', xLabel: 'time', yLabel: `energy ${unit}`, series, ...reachOfEnergies(state, runs) }); // prettier-ignore
	}
	return figures;
}

/** What falls without end would leave nothing else to be seen. */
function reachOfEnergies({ system }: MomentumState, runs: readonly Run[]): Pick<Figure, 'yDomain'> {
	if (system === 'bowl') return {};
	const all = runs.flatMap(({ kinetic, potential }) => [...kinetic, ...potential]);
	const most = 6 * Math.max(...runs.map(({ potential }) => Math.abs(potential[0] ?? 0)), 1e-9);
	const [low, high] = [Math.min(...all), Math.max(...all, 0)];
	return low < -most ? { yDomain: [-most, Math.min(high, most)] } : {};
}

function readout({ order, at, time, kinetic, potential, now }: Run): string[] {
	if (!now) return [];
	const t = significant(time[at]!);
	const words = order === 'first' ? 'without momentum' : 'with momentum';
	return [`${words}: frame ${at}, t ${t}, kinetic ${significant(kinetic[at]!)}, potential ${significant(potential[at]!)}`]; // prettier-ignore
}
