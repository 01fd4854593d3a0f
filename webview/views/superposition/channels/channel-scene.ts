import { magnitude, percent, significant } from '../../../view-api/format.ts';
import type { Mark, Scene, Size } from '../../../view-api/scene.ts';
import type { Control, DataExport } from '../../../view-api/view.ts';
import { flow, type Block } from '../blocks.ts';
import type { SuperposedData } from '../data.ts';
import { factsBlock, type Fact } from '../facts.ts';
import { heatMapBlock } from '../heat-map.ts';
import { plotBlock } from '../plot.ts';
import type { SuperpositionState } from '../state.ts';
import type { Accuracy, AccuracyQuery } from './accuracy.ts';
import { lawOf, type Answer, type CellDetail, type CellQuery, type GridDetail, type GridQuery } from './channel-queries.ts'; // prettier-ignore
import { cellsIn, gridOf, written, type GridSite } from './grid.ts';

export type ChannelQuery = GridQuery | CellQuery | AccuracyQuery;
export type ChannelDetail = GridDetail | CellDetail | Accuracy;
export type KnownChannels = (query: ChannelQuery) => ChannelDetail | undefined;

const gridQuery = ({ site, grid, swap }: SuperpositionState): GridQuery => ({ kind: 'grid', site, grid, swap }); // prettier-ignore

const cellQuery = ({ site, grid, cell, head, query, key }: SuperpositionState): CellQuery => ({
	kind: 'cell',
	...{ site, grid, cell, head, query, key },
});

function accuracyQueries(
	{ sequences }: SuperposedData,
	{ site, swap }: SuperpositionState,
	grid: string,
): AccuracyQuery[] {
	const parts = Array.from({ length: sequences?.parts ?? 0 }, (_, part) => part);
	return parts.map((part) => ({ kind: 'accuracy', site, grid, swap, part }));
}

/** What is seen first; then the stored sequences on this grid. What other grids gave stays once they were chosen. */
export function channelQueries(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownChannels,
): ChannelQuery[] {
	const all: ChannelQuery[] = [
		gridQuery(state),
		cellQuery(state),
		...accuracyQueries(data, state, state.grid),
	];
	const next = all.find((query) => !known(query));
	return next ? [next] : [];
}

const siteOf = ({ attention }: SuperposedData, { site }: SuperpositionState) =>
	attention.find(({ id }) => id === site);

const gridsOf = (data: SuperposedData, state: SuperpositionState) =>
	siteOf(data, state)?.grids ?? [];

export function channelControls(
	data: SuperposedData,
	state: SuperpositionState,
): Control<keyof SuperpositionState>[] {
	const site = siteOf(data, state)!;
	const { columns } = gridOf(state.grid);
	const numbers = (count: number, label: (at: number) => string) =>
		Array.from({ length: count }, (_, at) => ({ value: String(at), label: label(at) }));
	const several = data.attention.map(({ id, name }) => ({ value: id, label: name }));
	return [
		...(several.length > 1 ? [{ kind: 'choice', field: 'site', label: 'Layer', options: several } as const] : []), // prettier-ignore
		{
			kind: 'choice',
			field: 'grid',
			label: 'Inputs at once',
			help: 'The same weights on a corner of the input’s grid.',
			options: site.grids.map((grid) => ({ value: grid, label: `${cellsIn(gridOf(grid))} (${written(grid)})` })), // prettier-ignore
		},
		{
			kind: 'choice',
			field: 'cell',
			label: 'Channel',
			options: numbers(cellsIn(gridOf(state.grid)), (at) => `${Math.floor(at / columns)}, ${at % columns}`), // prettier-ignore
		},
		{ kind: 'choice', field: 'head', label: 'Head', options: numbers(site.heads, String) },
		{
			kind: 'toggle',
			field: 'swap',
			label: 'Wrong keys',
			help: 'Unbinds every channel with the key of its neighbour and lets the model run on.',
		},
	];
}

interface Tally {
	readonly right: number;
	readonly of: number;
	readonly milliseconds: number;
}

/** All stored sequences that were asked so far; the quickest part tells the time. */
function tallyOf(
	data: SuperposedData,
	state: SuperpositionState,
	grid: string,
	known: KnownChannels,
): Tally | undefined {
	const found = accuracyQueries(data, state, grid).flatMap((query) => {
		const detail = known(query);
		return detail?.kind === 'accuracy' ? [detail] : [];
	});
	if (found.length === 0) return undefined;
	return {
		right: found.reduce((sum, { right }) => sum + right, 0),
		of: found.reduce((sum, { of }) => sum + of, 0),
		milliseconds: Math.min(...found.map(({ milliseconds }) => milliseconds)),
	};
}

export function channelScene(
	data: SuperposedData,
	state: SuperpositionState,
	size: Size,
	known: KnownChannels,
): Scene {
	const site = siteOf(data, state)!;
	const [grid, cell] = [known(gridQuery(state)), known(cellQuery(state))];
	const whole = grid?.kind === 'grid' ? grid : undefined;
	const one = cell?.kind === 'cell' ? cell : undefined;
	const blocks: Block[] = [
		...(whole ? [answersBlock(state, whole, size)] : []),
		...(whole ? bindingBlocks(state, whole, size) : []),
		...(one ? cellBlocks(data, state, one, size) : []),
		factsBlock('The same weights on other grids', gridFacts(data, state, known), size),
		...(whole && one ? [factsBlock(`Channel ${state.cell}, head ${state.head}`, cellFacts(site, state, whole, one), size)] : []), // prettier-ignore
	];
	const { marks, targets, height } = flow(blocks, 0, size);
	return {
		site: site.id,
		title: `${site.name}: ${cellsIn(gridOf(state.grid))} inputs in one pass`,
		description: sentence(data, state, whole, known),
		width: size.width,
		height: Math.ceil(height),
		marks,
		targets,
		figures: [],
		readout: readout(data, state, whole, one),
	};
}

function sentence(
	data: SuperposedData,
	state: SuperpositionState,
	whole: GridDetail | undefined,
	known: KnownChannels,
): string {
	const count = cellsIn(gridOf(state.grid));
	if (!whole) return `Running the model on a grid of ${written(state.grid)}…`;
	const measured = tallyOf(data, state, state.grid, known);
	const prompt = whole.together.filter(({ label }) => label >= 0);
	const right = measured ?? { right: prompt.filter(({ label, said }) => label === said).length, of: prompt.length }; // prettier-ignore
	const keys = state.swap ? ' and each unbound with a neighbour’s key' : '';
	const packed =
		count === 1
			? `1 input alone${keys}`
			: `${count} inputs share one pass${keys}; a channel’s values come back at ${decibels(mean(whole.valueDecibels))} (law ${decibels(lawOf(gridOf(state.grid)))})`; // prettier-ignore
	const answers = right.of === 0 ? '' : `; ${percent(right.right / right.of)} of ${right.of.toLocaleString('en-US')} answers are right`; // prettier-ignore
	return `${packed}${answers}.`;
}

export const decibels = (value: number) =>
	Number.isFinite(value) ? `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(1)} dB` : 'no noise';

export const mean = (values: readonly number[]) =>
	values.reduce((sum, value) => sum + value, 0) / values.length;

/** One box a cell: what it says, what is expected, and what it would say alone. */
function answersBlock(state: SuperpositionState, whole: GridDetail, size: Size): Block {
	const { rows, columns } = gridOf(state.grid);
	const { lineHeight, characterWidth } = size;
	const high = lineHeight * 2.6;
	return {
		minWidth: Math.max(200, columns * 9 * characterWidth),
		maxWidth: 420,
		height: () => lineHeight * 2.4 + rows * high,
		draw: ({ x, y, width }) => {
			const small = { kind: 'text', size: 'small' } as const;
			const wide = width / columns;
			const marks: Mark[] = [
				{ ...small, x, y: y + lineHeight / 2, text: 'Answers of the channels', fill: 'text', bold: true, maxWidth: width }, // prettier-ignore
				{ ...small, x, y: y + lineHeight * 1.5, text: 'class said, how sure; under it alone', fill: 'muted', maxWidth: width }, // prettier-ignore
			];
			whole.together.forEach((answer, cell) => {
				const left = x + (cell % columns) * wide;
				const top = y + lineHeight * 2.3 + Math.floor(cell / columns) * high;
				const box = { x: left, y: top, width: wide - 3, height: high - 3 };
				const chosen = cell === state.cell;
				const right = answer.label < 0 ? 'muted' : answer.said === answer.label ? 'good' : 'error';
				marks.push(
					{ kind: 'rect', ...box, fill: right, opacity: 0.12 + 0.2 * answer.sure, radius: 2 },
					{ kind: 'rect', ...box, stroke: chosen ? 'accent' : 'faint', strokeWidth: chosen ? 2 : 1, radius: 2 }, // prettier-ignore
					{ ...small, x: left + 5, y: top + lineHeight * 0.75, text: said(answer), fill: 'text', maxWidth: wide - 10 }, // prettier-ignore
					{ ...small, x: left + 5, y: top + lineHeight * 1.75, text: said(whole.alone[cell]!), fill: 'muted', maxWidth: wide - 10 }, // prettier-ignore
				);
			});
			const target = { id: 'answers', x, y: y + lineHeight * 2.3, width, height: rows * high, rows, columns, label: 'Channels of the grid; Enter picks one' }; // prettier-ignore
			return { marks, targets: [target] };
		},
	};
}

function said({ said: answer, label, sure }: Answer): string {
	const mark = label < 0 ? '' : answer === label ? ' ✓' : ' ✗';
	return `${answer}${mark} ${Math.round(sure * 100)} %`;
}

function bindingBlocks(state: SuperpositionState, whole: GridDetail, size: Size): Block[] {
	const grid = gridOf(state.grid);
	const C = cellsIn(grid);
	const square = { rows: C, columns: C, ramp: 'diverging', domain: [-1, 1], label: 'cosine', written: C <= 4, maxSide: 220 } as const; // prettier-ignore
	const marked = [{ row: state.cell, column: state.cell, role: 'accent' }] as const;
	if (C === 1) return [];
	const law = lawOf(grid);
	const dots = (values: readonly number[]) => values.map((value, at) => [at, value] as const);
	const low = Math.min(law, ...whole.valueDecibels, ...whole.answerDecibels) - 2;
	const high = Math.max(0, ...whole.answerDecibels, ...whole.valueDecibels) + 2;
	return [
		heatMapBlock({ ...square, title: 'Keys A Aᵀ / D', values: whole.gram, rowName: 'keys', columnName: 'keys', marked, target: 'gram' }, size), // prettier-ignore
		heatMapBlock({ ...square, title: 'Values unbound', note: `cosine expected ${significant(1 / Math.sqrt(C))}`, values: whole.values, rowName: 'keys', columnName: 'true channels', marked, target: 'values' }, size), // prettier-ignore
		heatMapBlock({ ...square, title: 'Answers unbound', note: 'against each channel alone', values: whole.answers, rowName: 'channels', columnName: 'alone', marked, target: 'unbound' }, size), // prettier-ignore
		plotBlock(
			{
				title: 'Signal over noise of each channel',
				xLabel: 'channel',
				yLabel: 'dB',
				x: [-0.5, C - 0.5],
				y: [low, high],
				series: [
					{ kind: 'dots', label: 'values', role: 'accent', points: dots(whole.valueDecibels) },
					{ kind: 'dots', label: 'answers', role: 'warning', points: dots(whole.answerDecibels) },
				],
				rules: [{ at: law, along: 'y', label: `law ${decibels(law)}`, role: 'muted' }],
			},
			size,
		),
	];
}

function cellBlocks(
	data: SuperposedData,
	state: SuperpositionState,
	one: CellDetail,
	size: Size,
): Block[] {
	const { T } = one;
	const most = Math.max(...one.together, ...one.alone);
	const map = { rows: T, columns: T, ramp: 'sequential', domain: [0, most], label: 'weight', rowName: 'queries', columnName: 'keys', marked: [{ row: state.query, column: state.key, role: 'accent' }] } as const; // prettier-ignore
	const terms = one.terms.map((value, at) => [at, value] as const);
	const [low, high] = [Math.min(0, ...one.terms), Math.max(0, ...one.terms)];
	return [
		heatMapBlock({ ...map, title: 'Attention, shared state', note: 'keys of its own row', values: one.together, target: 'together' }, size), // prettier-ignore
		heatMapBlock({ ...map, title: 'Attention alone', note: `correlation ${significant(one.correlation)}`, values: one.alone, target: 'alone' }, size), // prettier-ignore
		plotBlock(
			{
				title: `Score of query ${state.query} and key ${state.key}, split`,
				xLabel: 'cell of the grid that a term comes from',
				yLabel: 'term of ⟨Q̃, K̃⟩',
				x: [-0.5, terms.length - 0.5],
				y: [low * 1.1, high * 1.1 || 1],
				series: [
					{ kind: 'dots', label: 'crosstalk', role: 'muted', points: terms.filter(([at]) => at !== state.cell) }, // prettier-ignore
					{ kind: 'dots', label: 'true term', role: 'good', points: terms.filter(([at]) => at === state.cell) }, // prettier-ignore
				],
				rules: [
					{ at: 0, along: 'y', label: '', role: 'faint' },
					{ at: one.score, along: 'y', label: `sum ${significant(one.score)}`, role: 'accent' },
				],
			},
			size,
		),
	];
}

function gridFacts(data: SuperposedData, state: SuperpositionState, known: KnownChannels): Fact[] {
	if (!data.sequences) {
		return [['stored sequences beside the model', 'none found', 'warning']];
	}
	const keys = state.swap ? ', wrong keys' : '';
	return gridsOf(data, state).map((grid): Fact => {
		const tally = tallyOf(data, state, grid, known);
		if (!tally) return [`${written(grid)}${keys}`, grid === state.grid ? '…' : 'not asked yet'];
		const time = state.swap ? '' : ` · ${significant(tally.milliseconds)} ms an input`;
		return [`${written(grid)}${keys}, right of ${tally.of}`, `${(100 * tally.right / tally.of).toFixed(1)} %${time}`]; // prettier-ignore
	});
}

function cellFacts(
	site: GridSite,
	state: SuperpositionState,
	whole: GridDetail,
	one: CellDetail,
): Fact[] {
	const grid = gridOf(state.grid);
	const { proof } = whole;
	return [
		['values unbound, answers unbound', `${decibels(whole.valueDecibels[state.cell]!)}, ${decibels(whole.answerDecibels[state.cell]!)}`], // prettier-ignore
		['crosstalk over score (law √(MN − 1))', `${significant(one.crosstalk)} (${significant(Math.sqrt(cellsIn(grid) - 1))})`], // prettier-ignore
		['attention with and without the others', `correlation ${significant(one.correlation)}`],
		['denominators’ spread over grid rows', `${percent(whole.blur)} of their mean`],
		['time of an input', `${significant(whole.milliseconds)} ms`],
		[site.site.notes.includes('denominator: shared') ? 'M·V = output, superposed' : 'M·V = output', `${proof.verified ? '✓ verified' : '✗ not verified'} ${magnitude(proof.residual ?? NaN)}`, proof.verified ? 'good' : 'warning'], // prettier-ignore
	];
}

function readout(
	data: SuperposedData,
	state: SuperpositionState,
	whole: GridDetail | undefined,
	one: CellDetail | undefined,
): string {
	const { target, row, column } = state;
	if (row < 0) return '';
	const C = cellsIn(gridOf(state.grid));
	const at = row * C + column;
	if (whole && target === 'gram') return `keys ${row} and ${column}: inner product over D ${significant(whole.gram[at]!)}`; // prettier-ignore
	if (whole && target === 'values') return `key ${row} gives the values of channel ${column} back at cosine ${significant(whole.values[at]!)}`; // prettier-ignore
	if (whole && target === 'unbound') return `what channel ${row} reads, against what channel ${column} reads alone: cosine ${significant(whole.answers[at]!)}`; // prettier-ignore
	if (one && (target === 'together' || target === 'alone')) {
		const place = row * one.T + column;
		return `query ${row}, key ${column}: weight ${significant(one.together[place]!)} in the shared state, ${significant(one.alone[place]!)} alone · press to split its score`; // prettier-ignore
	}
	return '';
}

export function channelExport(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownChannels,
): DataExport {
	const [grid, cell] = [known(gridQuery(state)), known(cellQuery(state))];
	const whole = grid?.kind === 'grid' ? grid : undefined;
	const one = cell?.kind === 'cell' ? cell : undefined;
	const lines = (whole?.together ?? []).map((answer, at) => {
		const alone = whole!.alone[at]!;
		return [at, answer.label, answer.said, answer.sure, alone.said, alone.sure, whole!.valueDecibels[at], whole!.answerDecibels[at]].join(','); // prettier-ignore
	});
	const tallies = gridsOf(data, state).map((name) => {
		const tally = tallyOf(data, state, name, known);
		return { grid: name, swapped: state.swap, ...(tally ? { accuracy: tally.right / tally.of, ...tally } : {}) }; // prettier-ignore
	});
	return {
		csv: `channel,label,said,sure,said_alone,sure_alone,values_db,answers_db\n${lines.join('\n')}\n`,
		json: {
			part: 'channels',
			site: state.site,
			grid: state.grid,
			law: lawOf(gridOf(state.grid)),
			...(whole && { ...whole, gram: Array.from(whole.gram), values: Array.from(whole.values), answers: Array.from(whole.answers) }), // prettier-ignore
			cell: one && { cell: state.cell, head: state.head, query: state.query, key: state.key, terms: one.terms, score: one.score, correlation: one.correlation, crosstalk: one.crosstalk }, // prettier-ignore
			accuracies: tallies,
		},
	};
}
