import type { Figure, Role } from '../../view-api/scene.ts';
import type { MomentumData } from './compute.ts';
import type { Depth, Stage } from './depth.ts';
import { dialled, type Known } from './detail.ts';
import type { Dialled } from './dial.ts';

type Series = Figure['series'][number];

const BLUE: Role = { series: 0 };
const ORANGE: Role = { series: 1 };
const GREEN: Role = { series: 2 };
const RED: Role = { series: 3 };

function line(label: string, role: Role, values: readonly (number | null)[], dash = false): Series {
	const points = values.flatMap((y, x) => (y === null ? [] : [[x, y] as const]));
	return { label, role, x: points.map(([x]) => x), y: points.map(([, y]) => y), dash };
}

/** Layers by name, where every layer has its value. */
function byLayer(series: readonly Series[], count: number): Pick<Figure, 'series' | 'categories'> {
	const all = series.filter(({ y }) => y.length > 0);
	if (!all.every(({ y }) => y.length === count)) return { series: all };
	return { series: all, categories: Array.from({ length: count }, (_, at) => String(at)) };
}

/** Charts along the depth; dashed is the same without momentum. */
export function depthFigures(
	data: MomentumData,
	shown: Depth,
	without: Dialled | undefined,
	known: Known,
): Figure[] {
	const xLabel = 'layer';
	const { layers } = shown;
	const potential = layers.map(({ mixing }) => mixing?.potential ?? null);
	const kinetic = layers.map((layer) => layer.kinetic);
	const total = layers.map((_, at) => potential[at] === null || kinetic[at] === null ? null : potential[at]! + kinetic[at]!); // prettier-ignore
	const other = without && without.depth !== shown ? without.depth : undefined;
	const of = (depth: Depth | undefined, what: 'entropy' | 'potential') =>
		depth?.layers.map(({ mixing }) => mixing?.[what] ?? null) ?? [];
	const cosine = (kind: Stage['kind']) =>
		shown.stages.filter((stage) => stage.kind === kind).map((stage) => stage.cosine);
	const along = (value: (stage: Stage) => number | null) => shown.stages.map(value);
	const energies = [
		line('kinetic', BLUE, kinetic),
		line('potential', ORANGE, potential),
		line('total', 'text', total),
		line('potential, no momentum', ORANGE, of(other, 'potential'), true),
	];
	const cosines = [
		line('attention', BLUE, cosine('attention')),
		line('feed-forward', GREEN, cosine('forward')),
	];
	const entropies = [
		line(data.hasVelocity ? 'with momentum' : 'entropy', BLUE, of(shown, 'entropy')),
		line('no momentum', BLUE, of(other, 'entropy'), true),
	];
	const sizes = [
		line('position', 'text', along(({ size }) => size)), // prettier-ignore
		line('velocity', BLUE, along(({ speed }) => speed)), // prettier-ignore
		line('force', RED, along(({ force }) => force)), // prettier-ignore
		line('displacement', GREEN, along(({ displacement, kind }) => (kind === 'start' ? null : displacement)), true), // prettier-ignore
	];
	const figures: Figure[] = [
		{
			...{ id: 'energy', kind: 'line', xLabel, yLabel: 'energy a token' },
			title: 'Energy on entering each layer',
			...byLayer(energies, layers.length),
		},
		{
			...{ id: 'cosine', kind: 'line', xLabel, yLabel: 'cosine', yDomain: [-1, 1] },
			title: 'Velocity against the force that meets it',
			...byLayer(cosines, layers.length),
		},
		{
			...{ id: 'sizes', kind: 'line', xLabel: 'stage', yLabel: 'mean length' },
			title: 'Position, velocity, force and displacement',
			series: sizes.filter(({ y }) => y.length > 0),
		},
		{
			...{ id: 'entropy', kind: 'line', xLabel, yLabel: 'nats' },
			title: 'Attention’s entropy along the depth',
			...byLayer(entropies, layers.length),
		},
	];
	const dial = dialFigure(data, known);
	return [...(dial ? [dial] : []), ...figures.filter(({ series }) => series.length > 0)];
}

/** Loss along the dial, as far as it was tried. */
function dialFigure(data: MomentumData, known: Known): Figure | undefined {
	const tried = dialTable(data, known).filter(({ loss }) => loss !== null);
	if (tried.length < 2) return undefined;
	return {
		...{ id: 'dial', kind: 'line', xLabel: 'momentum kept', yLabel: 'loss, nats' },
		title: 'Loss as the velocities are scaled',
		series: [{ label: 'loss', role: BLUE, x: tried.map(({ momentum }) => momentum), y: tried.map(({ loss }) => loss!) }], // prettier-ignore
	};
}

export interface DialRow {
	readonly momentum: number;
	readonly loss: number | null;
	readonly right: number;
	readonly changed: number;
}

/** What the dial has been turned to so far, from no momentum to all. */
export function dialTable(data: MomentumData, known: Known): DialRow[] {
	const own = data.answers;
	if (!data.hasVelocity || !own) return [];
	const steps = Array.from({ length: 100 }, (_, at) => at / 100);
	const rows = steps.flatMap((momentum): DialRow[] => {
		const found = dialled(known, momentum);
		return found?.answers ? [{ momentum, loss: found.answers.loss, right: found.answers.right, changed: found.changed }] : []; // prettier-ignore
	});
	return [...rows, { momentum: 1, loss: own.loss, right: own.right, changed: 0 }];
}
