import { counted, significant } from '../../../view-api/format.ts';
import { colorLegend, legendHeight } from '../../../view-api/legend.ts';
import type { Mark, Scene, Size } from '../../../view-api/scene.ts';
import type { RecallData } from '../compute.ts';
import type { RecallState } from '../state.ts';
import { TextBlock } from '../text-block.ts';
import { lossesOf, type OwnText } from './own-text.ts';

/** Hits that are listed; the export has all. */
const MOST_HITS = 40;
const PADDING = 2;

/** The text with every token's loss as its colour, what it recalls of itself outlined, and the list of those. */
export function layoutText(data: RecallData, state: RecallState, size: Size): Scene {
	const { text } = data;
	const placed = place(text, size);
	const reach = text.losses.reduce((most, loss) => (loss > most ? loss : most), 0) || 1;
	const chosen = text.hits[state.hit];
	const recalled = new Set(text.hits.map(({ at }) => at));
	const marks: Mark[] = placed.cells.flatMap(({ x, y, width }, at): Mark[] => {
		const loss = text.losses[at]!;
		const box = { x, y, width, height: size.lineHeight + 2 };
		const isSource = chosen && (at === chosen.sourceAt || at === chosen.sourceAt - 1);
		return [
			...(Number.isNaN(loss) ? [] : [{ kind: 'rect', ...box, fill: { ramp: loss / reach }, opacity: 0.55 } as const]), // prettier-ignore
			...(recalled.has(at) ? [{ kind: 'rect', ...box, stroke: 'accent', strokeWidth: 1 } as const] : []), // prettier-ignore
			...(isSource ? [{ kind: 'rect', ...box, stroke: 'good', strokeWidth: 2 } as const] : []),
			...(at === chosen?.at ? [{ kind: 'rect', ...box, stroke: 'focus', strokeWidth: 2 } as const] : []), // prettier-ignore
			{ kind: 'text', x: x + PADDING, y: y + size.lineHeight / 2 + 1, text: shown(text.words[at]!), fill: 'text', size: 'small', code: true }, // prettier-ignore
		];
	});
	const legend = { x: 0, y: placed.height + 8, width: Math.min(260, size.width) };
	const block = new TextBlock(size, legend.y + legendHeight(size) + 8);
	block.add('outlined: a token that completes a bigram seen before; how rare it was in training is not known', 'muted'); // prettier-ignore
	block.add('Tokens that the text recalls: choose one to see where it came from', 'text', { bold: true }); // prettier-ignore
	const first = block.y;
	const row = size.lineHeight * 1.15;
	const listed = text.hits.slice(0, MOST_HITS);
	listed.forEach((hit, i) => {
		const y = first + (i + 0.5) * row;
		if (i === state.hit) marks.push({ kind: 'rect', x: 0, y: y - row / 2, width: size.width, height: row, stroke: 'focus', strokeWidth: 1 }); // prettier-ignore
		marks.push({ kind: 'text', x: 4, y, text: hitText(text, i), fill: 'text', size: 'small', maxWidth: size.width - 8 }); // prettier-ignore
	});
	const height = first + listed.length * row;
	return {
		title: `What the text of ${data.name} recalls of itself`,
		site: '',
		description: textSentence(text),
		width: size.width,
		height: Math.ceil(height + 8),
		marks: [
			...marks,
			...block.marks,
			...colorLegend({ ...legend, label: 'loss of the token, nats', domain: [0, reach], ramp: 'sequential' }, size), // prettier-ignore
		],
		targets:
			listed.length === 0
				? []
				: [
						{
							id: 'hits',
							...{ x: 0, y: first, width: size.width, height: height - first },
							label: 'Tokens that the text recalls; Enter shows where one came from',
							...{ rows: listed.length, columns: 1 },
						},
					],
		figures: [],
		readout: chosen ? hitText(text, state.hit) : '',
	};
}

/** How well recalled tokens are told against all others, in a sentence. */
export function textSentence(text: OwnText): string {
	if (text.ids.length === 0) return 'The run’s input is no text whose tokens its logits tell.';
	const { recalled, others } = lossesOf(text);
	const tokens = counted(text.ids.length, 'token');
	if (text.hits.length === 0) return `None of the ${tokens} completes a bigram seen before: this text asks for no recall.`; // prettier-ignore
	return `${text.hits.length} of ${tokens} complete a bigram seen before; they cost ${significant(recalled)} nats each, all others ${significant(others)}.`;
}

function hitText({ words, hits, losses }: OwnText, index: number): string {
	const { at, sourceAt, distance } = hits[index]!;
	return `token ${at}: “${shown(words[at - 1]!)}${shown(words[at]!)}”, last at ${sourceAt}, ${distance} back, loss ${significant(losses[at]!)}`;
}

const shown = (word: string) => word.replace(/ /g, '␣').replace(/\n/g, '⏎');

interface Cell {
	readonly x: number;
	readonly y: number;
	readonly width: number;
}

/** Tokens one after the other, in lines. */
function place({ words }: OwnText, size: Size): { cells: Cell[]; height: number } {
	const row = size.lineHeight + 6;
	let [x, y] = [0, 0];
	const cells = words.map((word): Cell => {
		const width = shown(word).length * size.characterWidth * 1.15 + 2 * PADDING;
		if (x > 0 && x + width > size.width) [x, y] = [0, y + row];
		const cell = { x, y, width };
		x += width + 1;
		return cell;
	});
	return { cells, height: y + row };
}
