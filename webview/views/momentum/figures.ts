import type { Figure, Role } from '../../view-api/scene.ts';
import type { MomentumData } from './compute.ts';
import type { Depth } from './depth.ts';
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

const kept = (series: readonly Series[]) => series.filter(({ y }) => y.length > 0);

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
	const attention = (depth: Depth) => depth.stages.filter(({ kind }) => kind === 'attention');
	const figures: Figure[] = [
		{
			...{ id: 'energy', kind: 'line', xLabel, yLabel: 'energy a token' },
			title: 'Energy on entering each layer',
			series: kept([
				line('kinetic', BLUE, kinetic),
				line('potential', ORANGE, potential),
				line('total', 'text', total),
				line('potential, no momentum', ORANGE, other?.layers.map(({ mixing }) => mixing?.potential ?? null) ?? [], true), // prettier-ignore
			]),
		},
		{
			...{ id: 'cosine', kind: 'line', xLabel, yLabel: 'cosine', yDomain: [-1, 1] },
			title: 'Velocity against the force that meets it',
			series: kept([line('attention', BLUE, attention(shown).map(({ cosine }) => cosine)), line('feed-forward', GREEN, shown.stages.filter(({ kind }) => kind === 'forward').map(({ cosine }) => cosine))]), // prettier-ignore
		},
		{
			...{ id: 'sizes', kind: 'line', xLabel: 'stage', yLabel: 'mean length' },
			title: 'Position, velocity, force and displacement',
			series: kept([
				line(
					'position',
					'text',
					shown.stages.map(({ size }) => size),
				),
				line(
					'velocity',
					BLUE,
					shown.stages.map(({ speed }) => speed),
				),
				line(
					'force',
					RED,
					shown.stages.map(({ force }) => force),
				),
				line('displacement', GREEN, shown.stages.map(({ displacement }, at) => at === 0 ? null : displacement)), // prettier-ignore
			]),
		},
		{
			...{ id: 'entropy', kind: 'line', xLabel, yLabel: 'nats' },
			title: 'Attention’s entropy along the depth',
			series: kept([
				line(data.hasVelocity ? 'with momentum' : 'entropy', BLUE, layers.map(({ mixing }) => mixing?.entropy ?? null)), // prettier-ignore
				line('no momentum', BLUE, other?.layers.map(({ mixing }) => mixing?.entropy ?? null) ?? [], true), // prettier-ignore
			]),
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
