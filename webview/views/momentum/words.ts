import type { Mark, Role, Size } from '../../view-api/scene.ts';

/** Text broken into lines that fit. */
export function paragraph(
	words: string,
	y: number,
	size: Size,
	{ fill = 'muted', x = 0, width = size.width - x }: { fill?: Role; x?: number; width?: number } = {}, // prettier-ignore
): { readonly marks: Mark[]; readonly height: number } {
	// the text's own font is narrower than the code's, whose width is known
	const most = Math.max(12, Math.floor(width / (size.characterWidth * 0.84)));
	const lines = [''];
	for (const word of words.split(' ')) {
		const line = lines.at(-1)!;
		if (line !== '' && line.length + 1 + word.length > most) lines.push(word);
		else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
	}
	const step = size.lineHeight * 1.1;
	return {
		marks: lines.map((text, at) => ({
			kind: 'text',
			x,
			y: y + (at + 0.5) * step,
			text,
			fill,
			size: 'small',
			maxWidth: width,
		})),
		height: lines.length * step,
	};
}

/** A line of text, bold. */
export function heading(text: string, y: number, size: Size, x = 0, width = size.width - x): Mark {
	return { kind: 'text', x, y: y + size.lineHeight / 2, text, fill: 'text', size: 'small', bold: true, maxWidth: width }; // prettier-ignore
}

/** Rows of a table: the first cell names it, the others stand right in columns of equal width. */
export function table(
	rows: readonly (readonly string[])[],
	y: number,
	size: Size,
	options: { readonly x?: number; readonly width?: number; readonly head?: boolean; readonly named?: number } = {}, // prettier-ignore
): { readonly marks: Mark[]; readonly height: number } {
	const { x = 0, width = Math.min(size.width - x, 620), head = false, named = 0.4 } = options;
	const columns = Math.max(1, ...rows.map((row) => row.length - 1));
	const step = size.lineHeight * 1.15;
	const column = (width * (1 - named)) / columns;
	const marks = rows.flatMap((row, at) =>
		row.map((text, cell): Mark => {
			const title = head && at === 0;
			return {
				kind: 'text',
				x: cell === 0 ? x : x + width * named + cell * column,
				y: y + (at + 0.5) * step,
				text,
				fill: cell === 0 || title ? 'muted' : 'text',
				align: cell === 0 ? 'start' : 'end',
				size: 'small',
				maxWidth: cell === 0 ? width * named - 6 : column - 6,
			};
		}),
	);
	return { marks, height: rows.length * step };
}
