import { counted, significant } from '../../view-api/format.ts';
import type { Figure, Mark, Role, Scene, Size } from '../../view-api/scene.ts';
import type { MomentumData } from './compute.ts';
import { RACE, racesOf, type Known, type Raced } from './detail.ts';
import { comparedModels, type ComparedModel } from './training.ts';
import { heading, paragraph, table } from './words.ts';

export interface RaceRow {
	readonly threshold: number;
	/** Mean times over the draws. */
	readonly gradient: number;
	readonly accelerated: number;
	readonly ratio: number;
}

export function raceRows(races: readonly Raced[]): RaceRow[] {
	if (races.length === 0) return [];
	return RACE.thresholds.map((threshold, at) => {
		const mean = (name: 'gradient' | 'accelerated') =>
			races.reduce((sum, each) => sum + each[name][at]! / races.length, 0);
		const [gradient, accelerated] = [mean('gradient'), mean('accelerated')];
		return { threshold, gradient, accelerated, ratio: gradient / accelerated };
	});
}

export function raceScene(data: MomentumData, size: Size, known: Known): Scene {
	const races = racesOf(known);
	const rows = raceRows(races);
	const models = comparedModels(data.training);
	const line = size.lineHeight;
	const marks: Mark[] = [heading('Race in a bowl: mean time until U ÷ U(0) stays below', 0, size)];
	let y = line * 1.3;
	const cells = table(
		[
			['threshold', 'gradient flow', 'momentum', 'ratio'],
			...rows.map(({ threshold, gradient, accelerated, ratio }) => [threshold.toExponential(0), gradient.toFixed(1), accelerated.toFixed(1), ratio.toFixed(2)]), // prettier-ignore
		],
		y,
		size,
		{ head: true, named: 0.22, width: Math.min(size.width, 520) },
	);
	marks.push(...cells.marks);
	y += cells.height + line * 0.4;
	const add = (words: string, fill: Role = 'muted') => {
		const made = paragraph(words, y, size, { fill });
		marks.push(...made.marks);
		y += made.height + 5;
	};
	add(`U = ½ Σ xᵀHx with H = diag(.01, 1), N = ${RACE.particles}, A = 0, B = 1, friction 2√.01, Runge–Kutta at ${RACE.step}, ${races.length} of ${RACE.seeds.length} draws. Published with other draws: 5.6, 6.4, 6.8.`); // prettier-ignore
	add('This bowl has a floor. Attention’s own potential −½ Σ exp(xᵀAx′) has none where A has a positive direction: one particle runs away as x′ = x (softmax), or in finite time as x′ = x³ (linear). “Converges faster” is said of the bowl alone.', 'warning'); // prettier-ignore
	if (models.length > 0) {
		y += line * 0.5;
		marks.push(heading('Training of these models: held-out loss', y, size));
		y += line * 1.3;
		const trained = table(trainingRows(models), y, size, { head: true, named: 0.4, width: Math.min(size.width, 680) }); // prettier-ignore
		marks.push(...trained.marks);
		y += trained.height + line * 0.4;
		for (const caveat of caveats(models)) add(caveat);
	} else {
		add('Beside this model stands no metrics.json with a training curve, so there are none to compare.'); // prettier-ignore
	}
	return {
		title: 'Convergence with momentum and without',
		site: data.depth.layers[0]?.site ?? '',
		description: describe(rows, races.length, models),
		width: size.width,
		height: Math.ceil(y + 4),
		marks,
		targets: [],
		figures: [...raceFigures(races), ...trainingFigures(models)],
		readout: '',
	};
}

function describe(
	rows: readonly RaceRow[],
	draws: number,
	models: readonly ComparedModel[],
): string {
	if (rows.length === 0) return 'Racing in a bowl with a floor…';
	const ratios = rows.map(({ ratio }) => ratio.toFixed(2)).join(', ');
	const race = `In a bowl with a floor momentum is down to ${rows.map(({ threshold }) => threshold.toExponential(0)).join(', ')} of the start ${ratios} times sooner than gradient flow (mean of ${counted(draws, 'draw')})`; // prettier-ignore
	return `${race}; attention’s own potential has no floor, and there the word has no meaning.${trainingSentence(models)}`; // prettier-ignore
}

function trainingSentence(models: readonly ComparedModel[]): string {
	if (models.length < 2) return '';
	const [best, ...others] = [...models].sort((a, b) => a.last - b.last);
	return ` Of the ${models.length} trained models ${best!.name} ends lowest, at ${significant(best!.last)} nats against ${others.map(({ name, last }) => `${significant(last)} (${name})`).join(', ')}, ${seedsOf(models)} each${best!.seeds > 1 ? `, with a spread of up to ${significant(Math.max(...models.map(({ spread }) => spread)))}` : ''}.`; // prettier-ignore
}

function seedsOf(models: readonly ComparedModel[]): string {
	const seeds = models.map((model) => model.seeds);
	const least = Math.min(...seeds);
	return `${least < Math.max(...seeds) ? 'at least ' : ''}${counted(least, 'seed')}`;
}

function trainingRows(models: readonly ComparedModel[]): string[][] {
	const seconds = Math.min(...models.map((model) => model.seconds));
	return [
		['model', 'parameters', 'at the last step', `at ${Math.round(seconds)} s`],
		...models.map(({ name, parameters, last, seeds, spread, at }) => [
			name,
			parameters === null ? '–' : parameters.toLocaleString('en-US'),
			`${last.toFixed(3)}${seeds > 1 ? ` ± ${spread.toFixed(3)}` : ''}`,
			at(seconds).toFixed(3),
		]),
	];
}

/** What these curves do and do not say. */
function caveats(models: readonly ComparedModel[]): string[] {
	const seeds = Math.min(...models.map((model) => model.seeds));
	const seconds = models.map((model) => model.seconds);
	const fastest = models.reduce((a, b) => (a.seconds <= b.seconds ? a : b));
	const sizes = models.flatMap(({ parameters }) => parameters ?? []);
	const apart = sizes.length > 1 ? Math.max(...sizes) / Math.min(...sizes) : 1;
	return [
		`${seeds === 1 ? 'One seed each: a difference smaller than that between seeds is none.' : `${seeds} seeds each; thin lines are single seeds.`} The largest of these models has ${significant(apart)} times the parameters of the smallest, since initial velocities have a table of their own; the widened standard model spends as many on width.`, // prettier-ignore
		`Time is as the training recorded it. Equal steps are not equal time: these runs took ${Math.min(...seconds).toFixed(1)} s (${fastest.name}) to ${Math.max(...seconds).toFixed(1)} s.`, // prettier-ignore
		'In the authors’ own tables (SympFormer, arXiv:2603.16535, README of October 2026) momentum models beat the plain one at equal steps with about twice its parameters (3.42 against 6.65 million); the geometric correction is within the spread of seeds and costs 44 to 66 % more; no claim is made at equal compute.', // prettier-ignore
	];
}

function raceFigures(races: readonly Raced[]): Figure[] {
	const [first] = races;
	if (!first) return [];
	const { time, gradient, accelerated } = first.curves;
	const curve = (label: string, role: Role, values: readonly number[]) => {
		const points = values.flatMap((share, at) => (share > 1e-7 ? [[time[at]!, Math.log10(share)] as const] : [])); // prettier-ignore
		return { label, role, x: points.map(([x]) => x), y: points.map(([, y]) => y) };
	};
	return [
		{
			...{ id: 'race', kind: 'line', xLabel: 'time', yLabel: 'log10 of U ÷ U(0)' },
			title: 'The way down, one draw',
			series: [curve('gradient flow', { series: 1 }, gradient), curve('momentum', { series: 0 }, accelerated)], // prettier-ignore
		},
	];
}

function trainingFigures(models: readonly ComparedModel[]): Figure[] {
	if (models.length === 0) return [];
	const figure = (id: string, title: string, xLabel: string, axis: 'step' | 'seconds'): Figure => ({
		...{ id, kind: 'line', title, xLabel, yLabel: 'held-out loss, nats' },
		series: models.flatMap(({ name, runs }, at) =>
			runs.map(({ curve }, seed) => ({
				label: name,
				role: { series: at },
				x: curve.map((point) => point[axis]),
				y: curve.map(({ loss }) => loss),
				dash: seed > 0,
			})),
		),
	});
	return [
		figure('training-steps', 'Training at equal steps', 'step', 'step'),
		figure('training-time', 'Training at equal time', 'processor seconds', 'seconds'),
	];
}
