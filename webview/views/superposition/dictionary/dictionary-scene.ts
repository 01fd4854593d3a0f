import { counted, percent, significant } from '../../../view-api/format.ts';
import type { Mark, Scene, Size } from '../../../view-api/scene.ts';
import type { Control, DataExport } from '../../../view-api/view.ts';
import { flow, type Block } from '../blocks.ts';
import type { SuperposedData } from '../data.ts';
import { factsBlock, type Fact } from '../facts.ts';
import { heatMapBlock } from '../heat-map.ts';
import { plotBlock } from '../plot.ts';
import type { SuperpositionState } from '../state.ts';
import { fitting, LEARNED, type DictionarySource } from './sources.ts';
import type { Apart, ApartQuery, Picked, PickQuery } from './take-apart.ts';

export type DictionaryQuery = ApartQuery | PickQuery;
export type DictionaryDetail = Apart | Picked;
export type KnownApart = (query: DictionaryQuery) => DictionaryDetail | undefined;

/** Fewer rows than this a feature are too few to learn from and to judge by. */
const ROWS_A_FEATURE = 2;

function apartQuery(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownApart,
): ApartQuery {
	// prettier-ignore
	const { tensor, sparsity } = state;
	const dictionary = chosen(data, state, known);
	const learned = dictionary === LEARNED.id ? state.learned : 0;
	return { kind: 'apart', tensor, dictionary, sparsity, learned };
}

/** The dictionary that is asked for, where it fits the tensor; else the first that does. */
function chosen(data: SuperposedData, state: SuperpositionState, known: KnownApart): string {
	const sources = offered(data, state, known);
	const own = sources.find(({ id }) => id === state.dictionary);
	// a file that was picked in an earlier window is not listed, and is read all the same
	if (!own && state.dictionary.startsWith('file:')) return state.dictionary;
	return own?.id ?? sources[0]?.id ?? LEARNED.id;
}

function offered(
	data: SuperposedData,
	{ tensor, pick }: SuperpositionState,
	known: KnownApart,
): DictionarySource[] {
	// prettier-ignore
	const width = data.tensors.find(({ name }) => name === tensor)?.width ?? 0;
	const picked = Array.from({ length: pick }, (_, at) => {
		const detail = known({ kind: 'pick', press: at + 1 });
		return detail?.kind === 'pick' ? detail.sources : [];
	}).flat();
	return fitting([...picked, ...data.dictionaries], width);
}

export function dictionaryQueries(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownApart,
): DictionaryQuery[] {
	const pick: PickQuery = { kind: 'pick', press: state.pick };
	if (state.pick > 0 && !known(pick)) return [pick];
	return [apartQuery(data, state, known)];
}

export function dictionaryControls(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownApart,
): Control<keyof SuperpositionState>[] {
	const sources = offered(data, state, known);
	const learned = chosen(data, state, known) === LEARNED.id;
	return [
		{
			kind: 'choice',
			field: 'tensor',
			label: 'Take apart',
			options: data.tensors.map(({ name, label, width }) => ({ value: name, label: `${label} (${width})` })), // prettier-ignore
		},
		{
			kind: 'choice',
			field: 'dictionary',
			label: 'Into',
			options: sources.map(({ id, label, count }) => ({ value: id, label: count > 0 ? `${label} (${count})` : label })), // prettier-ignore
		},
		{ kind: 'button', field: 'pick', label: 'Pick a file…', icon: 'folder-opened' },
		{
			kind: 'slider',
			field: 'sparsity',
			label: 'Features a row',
			help: 'Most features that a row may be a sum of.',
			min: 1,
			max: 16,
			step: 1,
		},
		...(learned
			? [{ kind: 'slider', field: 'learned', label: 'Features to learn', min: 4, max: 256, step: 4 } as const] // prettier-ignore
			: []),
	];
}

export function dictionaryScene(
	data: SuperposedData,
	state: SuperpositionState,
	size: Size,
	known: KnownApart,
): Scene {
	const detail = known(apartQuery(data, state, known));
	const apart = detail?.kind === 'apart' ? detail : undefined;
	const blocks: Block[] = apart
		? [
				factsBlock('Can it be trusted?', trustFacts(apart, chosen(data, state, known)), size),
				interferenceBlock(apart, size),
				factsBlock('Room for the features', geometryFacts(apart), size),
				...(apart.geometry.leverage.length > 0 ? [leverageBlock(apart, size)] : []),
				errorBlock(apart, size),
				codesBlock(apart, size),
				usedBlock(apart, size),
			]
		: [];
	const { marks, targets, height } = flow(blocks, 0, size);
	return {
		site: '',
		title: `${state.tensor} as features of ${state.dictionary}`,
		description: apart ? sentence(apart) : 'Taking the rows apart…',
		width: size.width,
		height: Math.max(Math.ceil(height), 2 * size.lineHeight),
		marks,
		targets,
		figures: [],
		readout: apart ? readout(state, apart) : '',
	};
}

/** The verdict first: features that chance finds as well are none. */
function sentence({ judgement, features, rows, dead }: Apart): string {
	const { error, control, stability, recovered } = judgement;
	const left = `${percent(error)} of the rows is left unexplained`;
	const chance = `chance leaves ${percent(control)}`;
	const steady = `${percent(stability)} stable`;
	return recovered
		? `${counted(features, 'feature')} explain ${counted(rows, 'row')}: ${left}, ${chance}; ${steady}, ${dead} dead.`
		: `Not recovered: ${counted(features, 'feature')} do not explain these ${counted(rows, 'row')} in a way to trust; ${left}, ${chance}, ${steady}.`; // prettier-ignore
}

function trustFacts(apart: Apart, dictionary: string): Fact[] {
	const { judgement, rows, ofRows, features, ofFeatures, dead, dense } = apart;
	const learned = dictionary === LEARNED.id;
	const few = learned && rows < 4 * ROWS_A_FEATURE * features;
	return [
		['verdict', judgement.recovered ? '✓ recovered' : '✗ not recovered', judgement.recovered ? 'good' : 'warning'], // prettier-ignore
		[learned ? 'unexplained, rows not learned from' : 'unexplained, ‖x − sum‖² / ‖x‖²', significant(judgement.error)], // prettier-ignore
		[
			learned ? 'learned from shuffled rows' : 'with shuffled features',
			significant(judgement.control),
		],
		[learned ? 'found again with other seeds' : 'same features under 5 % noise', significant(judgement.stability)], // prettier-ignore
		['dead features', `${dead} of ${features}`, dead > features / 2 ? 'warning' : undefined],
		['dense features, in over half of the rows', String(dense), dense > 0 ? 'warning' : undefined], // prettier-ignore
		['rows', ofRows > rows ? `${rows} of ${ofRows}, evenly spread` : `${rows}, less their mean`, few ? 'warning' : undefined], // prettier-ignore
		['features', ofFeatures > features ? `${features} of ${ofFeatures}` : String(features)],
	];
}

function geometryFacts({ geometry, width, features }: Apart): Fact[] {
	const { crosstalk, welch, coherence, recoverable, dimensionsPerFeature, trouble } = geometry;
	return [
		['dimensions, features', `${width}, ${features}`],
		['dimensions a feature', significant(dimensionsPerFeature)],
		['crosstalk, RMS cosine', significant(crosstalk)],
		['Welch floor', welch === 0 ? '0, they fit' : significant(welch)],
		['largest cosine of two', significant(coherence)],
		['on at once that ½ reads without error', recoverable < 0 ? 'none' : significant(recoverable)],
		...(trouble === '' ? [] : [['leverage', trouble, 'warning'] as const]),
	];
}

function interferenceBlock({ gram, gramSide, features }: Apart, size: Size): Block {
	return heatMapBlock(
		{
			title: 'Interference of features',
			note: gramSide < features ? `the ${gramSide} used most` : 'cosine of each two',
			values: gram,
			rows: gramSide,
			columns: gramSide,
			domain: [-1, 1],
			ramp: 'diverging',
			label: 'cosine',
			rowName: 'features',
			columnName: 'features',
			target: 'interference',
		},
		size,
		200,
	);
}

function leverageBlock({ geometry, features, width }: Apart, size: Size): Block {
	const { leverage } = geometry;
	return plotBlock(
		{
			title: 'Leverage: the share of a dimension of its own',
			xLabel: 'features, smallest first',
			yLabel: 'leverage h, 0 to 1',
			x: [0, Math.max(1, features - 1)],
			y: [0, 1],
			series: [{ kind: 'line', label: 'leverage', role: 'accent', points: leverage.map((h, at) => [at, h] as const) }], // prettier-ignore
			rules: [{ at: Math.min(1, width / features), along: 'y', label: 'mean', role: 'muted' }],
			bare: true,
		},
		size,
	);
}

function errorBlock({ rowErrors, judgement }: Apart, size: Size): Block {
	return plotBlock(
		{
			title: 'Unexplained, row by row',
			xLabel: 'row (token or neuron)',
			yLabel: '‖x − sum‖² / ‖x‖²',
			x: [0, Math.max(1, rowErrors.length - 1)],
			y: [0, 1],
			series: [{ kind: 'line', label: 'these features', role: 'accent', points: rowErrors.map((e, at) => [at, e] as const) }], // prettier-ignore
			rules: [{ at: judgement.control, along: 'y', label: 'chance', role: 'warning' }],
			bare: true,
		},
		size,
	);
}

function codesBlock({ codes, codeRows, used }: Apart, size: Size): Block {
	const reach = codes.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
	return heatMapBlock(
		{
			title: 'Features along the rows',
			note: `the ${used.length} used most`,
			values: codes,
			rows: Math.max(1, used.length),
			columns: codeRows,
			domain: [-reach, reach],
			ramp: 'diverging',
			label: 'weight',
			rowName: 'features',
			columnName: 'rows',
			target: 'codes',
			maxSide: 420,
		},
		size,
		260,
	);
}

/** Never alone: the verdict stands above and the controls beside. */
function usedBlock({ used, rows, judgement }: Apart, size: Size): Block {
	const { lineHeight } = size;
	const list = used.slice(0, 12);
	return {
		minWidth: 260,
		maxWidth: 560,
		height: () => lineHeight * (2.6 + list.length * 1.15),
		draw: ({ x, y, width }) => {
			const small = { kind: 'text', size: 'small' } as const;
			const note = judgement.recovered ? 'uses, mean weight, where it is strongest' : 'not recovered: chance finds such a list as well'; // prettier-ignore
			const marks: Mark[] = [
				{ ...small, x, y: y + lineHeight / 2, text: 'Features used most', fill: 'text', bold: true, maxWidth: width }, // prettier-ignore
				{ ...small, x, y: y + lineHeight * 1.5, text: note, fill: judgement.recovered ? 'muted' : 'warning', maxWidth: width }, // prettier-ignore
			];
			list.forEach(({ name, uses, weight, top }, at) => {
				const line = y + lineHeight * (2.7 + at * 1.15);
				marks.push(
					{ ...small, x, y: line, text: name, fill: 'text', code: true, maxWidth: width * 0.18 },
					{ ...small, x: x + width * 0.2, y: line, text: `${percent(uses / rows)}, ${significant(weight)}`, fill: 'muted', maxWidth: width * 0.34 }, // prettier-ignore
					{ ...small, x: x + width * 0.56, y: line, text: top.join(' · '), fill: 'text', code: true, maxWidth: width * 0.44 }, // prettier-ignore
				);
			});
			return { marks };
		},
	};
}

function readout({ target, row, column }: SuperpositionState, apart: Apart): string {
	const { gramSide, gram, used, codeRows, codes, rowNames } = apart;
	if (row < 0) return '';
	if (target === 'interference' && row < gramSide && column < gramSide) {
		return `features ${used[row]?.name ?? row} and ${used[column]?.name ?? column}: cosine ${significant(gram[row * gramSide + column]!)}`; // prettier-ignore
	}
	if (target === 'codes' && row < used.length && column < codeRows) {
		const weight = codes[row * codeRows + column]!;
		return `feature ${used[row]!.name} at row ${column} (${rowNames[column] ?? ''}): weight ${significant(weight)}`; // prettier-ignore
	}
	return '';
}

export function dictionaryExport(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownApart,
): DataExport {
	const query = apartQuery(data, state, known);
	const detail = known(query);
	const apart = detail?.kind === 'apart' ? detail : undefined;
	const lines = (apart?.used ?? []).map(({ name, uses, weight, top }) =>
		[name, uses, weight, JSON.stringify(top.join(' '))].join(','),
	);
	const { error = NaN, control = NaN } = apart?.judgement ?? {};
	return {
		csv: `feature,uses,mean_weight,strongest_at\n${lines.join('\n')}\n# unexplained ${error}, by chance ${control}\n`,
		json: {
			part: 'dictionary',
			...query,
			...(apart && { ...apart, gram: undefined, codes: undefined, rowNames: undefined }),
		},
	};
}
