import type { TextMark } from '../view-api/scene.ts';
import type { Theme } from './theme.ts';

/** Of the editor's font size. */
const SIZES = { small: 0.85, body: 1, title: 1.15 };

/** Mean width of a character in parts of the font size, for where nothing can be measured. */
const CODE_WIDTH = 0.6;
const PLAIN_WIDTH = 0.53;

export function fontSizePx({ size = 'body' }: Pick<TextMark, 'size'>, theme: Theme): number {
	return theme.fontSizePx * SIZES[size];
}

/** How wide a text will be, roughly, where there is no font to ask. */
export function estimatedWidth(mark: TextMark, theme: Theme): number {
	const part = mark.code ? CODE_WIDTH : PLAIN_WIDTH * (mark.bold ? 1.06 : 1);
	return mark.text.length * part * fontSizePx(mark, theme);
}

/** The text, cut with an ellipsis where it is wider than it may be. */
export function fitted(mark: TextMark, measure: (text: string) => number): string {
	const { text, maxWidth } = mark;
	if (maxWidth === undefined || measure(text) <= maxWidth) return text;
	const characters = Array.from(text);
	let [fits, tooMany] = [0, characters.length];
	while (tooMany - fits > 1) {
		const middle = (fits + tooMany) >> 1;
		if (measure(`${characters.slice(0, middle).join('')}…`) <= maxWidth) fits = middle;
		else tooMany = middle;
	}
	return fits > 0 ? `${characters.slice(0, fits).join('').trimEnd()}…` : '';
}

/** Words in lines no wider than `width`; a word that is wider stands alone. */
export function wrapped(text: string, width: number, measure: (text: string) => number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(/\s+/)) {
		const longer = line ? `${line} ${word}` : word;
		if (line && measure(longer) > width) {
			lines.push(line);
			line = word;
		} else {
			line = longer;
		}
	}
	return line ? [...lines, line] : lines;
}
