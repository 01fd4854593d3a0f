import type { Mark, Role, Size, TextMark } from '../../view-api/scene.ts';

/** Lines of text under each other, broken where the width ends. */
export class TextBlock {
	readonly marks: Mark[] = [];

	/** @param y of the block's top; afterwards of its end */
	constructor(
		private readonly size: Size,
		public y: number,
	) {}

	add(text: string, fill: Role = 'text', { bold = false, indent = 0 } = {}): void {
		const { characterWidth, lineHeight, width } = this.size;
		const room = Math.max(12, Math.floor((width - indent) / characterWidth));
		for (const line of broken(text, room)) {
			const mark: TextMark = {
				kind: 'text',
				x: indent,
				y: this.y + lineHeight / 2,
				text: line,
				fill,
				size: 'small',
				maxWidth: width - indent,
				...(bold && { bold }),
			};
			this.marks.push(mark);
			this.y += lineHeight * 1.1;
		}
	}

	gap(height: number): void {
		this.y += height;
	}
}

function broken(text: string, room: number): string[] {
	const lines: string[] = [''];
	for (const word of text.split(' ')) {
		const last = lines[lines.length - 1]!;
		if (last === '') lines[lines.length - 1] = word;
		else if (last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(word);
	}
	return lines;
}
