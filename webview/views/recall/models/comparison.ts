import { significant } from '../../../view-api/format.ts';
import type { Figure, Mark, Size, Target } from '../../../view-api/scene.ts';
import type { CellTally } from '../tally.ts';
import { share } from '../sentence.ts';
import { TextBlock } from '../text-block.ts';
import type { RecallState } from '../state.ts';
import type { Candidate } from './ask-model.ts';
import { isChosen, type Compared } from './compared.ts';

/** Name of a model as short as it can be told: its folder, and the file where that is not `model.onnx`. */
export function shortName({ name }: Pick<Candidate, 'name'>): string {
	const parts = name.split('/');
	const file = parts.pop() ?? name;
	return file === 'model.onnx' && parts.length > 0 ? parts.at(-1)! : [parts.at(-1), file].filter(Boolean).join('/'); // prettier-ignore
}

/** The cell that all models were asked and that tells them apart: the most pairs. */
export function hardest(
	compared: readonly Compared[],
): { pairs: number; length: number } | undefined {
	const [first, ...others] = compared.flatMap(({ result }) => result && result.cells.length > 0 ? [result.cells] : []); // prettier-ignore
	const common = (first ?? []).filter(
		(cell) =>
		others.every((cells) => cells.some((each) => each.pairs === cell.pairs && each.length === cell.length)), // prettier-ignore
	);
	return common.reduce<CellTally | undefined>(
		(most, cell) => (!most || cell.pairs > most.pairs ? cell : most),
		undefined,
	);
}

const at = ({ result }: Compared, cell: { pairs: number; length: number }) =>
	result?.cells.find(({ pairs, length }) => pairs === cell.pairs && length === cell.length);
const elements = ({ result }: Compared, length: number) =>
	result?.elements.find((each) => each.length === length)?.count ?? null;

/** The models of the workspace to choose from, with what each recalled. */
export function modelList(
	all: readonly Candidate[],
	compared: readonly Compared[],
	state: RecallState,
	top: number,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const fitting = all.filter(({ unfit }) => unfit === '');
	const block = new TextBlock(size, top);
	block.add('Models to compare: choose any', 'text', { bold: true });
	const first = block.y;
	const row = size.lineHeight * 1.15;
	const cell = hardest(compared);
	const marks = fitting.map((candidate, i): Mark => {
		const own = compared.find((each) => each.candidate.uri === candidate.uri);
		const words = resultWords(own, cell);
		return {
			kind: 'text',
			x: 4,
			y: first + (i + 0.5) * row,
			text: `${isChosen(candidate, state) ? '☑' : '☐'} ${shortName(candidate)}${words && `: ${words}`}`,
			fill: own ? 'text' : 'muted',
			size: 'small',
			maxWidth: size.width - 8,
		};
	});
	const height = fitting.length * row;
	return {
		marks: [...block.marks, ...marks],
		targets:
			fitting.length === 0
				? []
				: [
						{
							id: 'models',
							...{ x: 0, y: first, width: size.width, height, rows: fitting.length, columns: 1 },
							label: 'Models of the workspace; Enter takes one in or out',
						},
					],
		height: first + height - top,
	};
}

/** What is known of a chosen model; empty for one that was not chosen. */
function resultWords(
	own: Compared | undefined,
	cell: { pairs: number; length: number } | undefined,
): string {
	if (!own) return '';
	if (!own.result) return 'waiting';
	if (own.result.reason !== '') return own.result.reason;
	const tally = cell && at(own, cell);
	if (!tally) return '';
	const count = elements(own, cell.length)?.toLocaleString('en-US') ?? 'unknown size';
	return `${share(tally.accuracy)} at ${cell.pairs} pairs · state of ${count}`;
}

/** Accuracy by pairs of every model, and accuracy against the numbers that it keeps of the past. */
export function comparisonFigures(compared: readonly Compared[]): Figure[] {
	const done = compared.filter(({ result }) => result && result.cells.length > 0);
	const cell = hardest(done);
	if (!cell || done.length === 0) return [];
	const length = cell.length;
	const pairs = [...new Set(done.flatMap(({ result }) => result!.cells.filter((each) => each.length === length).map((each) => each.pairs)))].sort((a, b) => a - b); // prettier-ignore
	const counted = done.filter((each) => elements(each, length) !== null);
	const common = { yLabel: 'share of queries right', yDomain: [0, 1] } as const;
	return [
		{
			...common,
			id: 'models-by-state',
			kind: 'scatter',
			title: `Recall of ${cell.pairs} pairs in ${length} tokens against the size of the state`,
			xLabel: 'numbers kept of the past',
			xScale: 'log',
			series: counted.map((each, series) => ({
				label: shortName(each.candidate),
				role: { series },
				x: [elements(each, length)!],
				y: [at(each, cell)!.accuracy],
			})),
		},
		{
			...common,
			id: 'models-by-pairs',
			kind: 'line',
			title: `Recall by number of pairs in ${length} tokens`,
			xLabel: 'pairs in the sequence',
			categories: pairs.map(String),
			series: done.map((each, series) => ({
				label: shortName(each.candidate),
				role: { series },
				x: pairs,
				y: pairs.map((count) => at(each, { pairs: count, length })?.accuracy ?? NaN),
			})),
		},
	];
}

/** Which of the models recalls most for what it keeps, in a sentence; empty before two were asked. */
export function comparisonSentence(compared: readonly Compared[]): string {
	const done = compared.filter(({ result }) => result && result.cells.length > 0);
	const cell = hardest(done);
	if (!cell || done.length < 2) return '';
	const ranked = done
		.map((each) => ({
			each,
			accuracy: at(each, cell)!.accuracy,
			count: elements(each, cell.length),
		}))
		.sort((a, b) => b.accuracy - a.accuracy);
	const text = ({ each, accuracy, count }: (typeof ranked)[number]) =>
		`${shortName(each.candidate)} ${share(accuracy)}${count === null ? '' : ` with ${count >= 1000 ? count.toLocaleString('en-US') : significant(count)} numbers kept`}`;
	return `Of ${done.length} models, at ${cell.pairs} pairs in ${cell.length} tokens: ${ranked.map(text).join('; ')}.`;
}
