import type { Mark, Role, Size } from '../../view-api/scene.ts';

/** What a colour stands for; `low` is the shape of what is folded. */
export interface LegendEntry {
	readonly label: string;
	readonly fill: Role;
	readonly low?: boolean;
}

export const ROUTES: readonly LegendEntry[] = [
	{ label: 'kept exactly (softmax)', fill: 'softmax' },
	{ label: 'folded into the state (linear)', fill: 'linear', low: true },
];

/** Swatches in a row, on more lines where it is narrow, and what else is to be said under them. */
export function routeLegend(
	entries: readonly LegendEntry[],
	notes: readonly string[],
	size: Size,
): { marks: Mark[]; height: number } {
	const marks: Mark[] = [];
	let [x, y] = [0, size.lineHeight / 2];
	for (const { label, fill, low } of entries) {
		const width = 18 + label.length * size.characterWidth + 16;
		if (x > 0 && x + width > size.width) [x, y] = [0, y + size.lineHeight];
		marks.push(
			{ kind: 'rect', x, y: low ? y + 1 : y - 6, width: 12, height: low ? 5 : 12, fill },
			{ kind: 'text', x: x + 18, y, text: label, fill: 'muted', size: 'small' },
		);
		x += width;
	}
	for (const line of notes.flatMap((note) => wrapped(note, size))) {
		y += size.lineHeight;
		marks.push({ kind: 'text', x: 0, y, text: line, fill: 'muted', size: 'small' });
	}
	return { marks, height: y + size.lineHeight };
}

/** Lines of words that fit the width. */
export function wrapped(text: string, { width, characterWidth }: Size): string[] {
	const most = Math.max(16, Math.floor(width / characterWidth));
	const lines: string[] = [];
	for (const word of text.split(' ')) {
		const last = lines.at(-1);
		if (last !== undefined && last.length + 1 + word.length <= most) {
			lines[lines.length - 1] = `${last} ${word}`;
		} else lines.push(word);
	}
	return lines;
}
