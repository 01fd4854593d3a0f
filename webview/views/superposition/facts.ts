import type { Mark, Size } from '../../view-api/scene.ts';
import type { Block } from './blocks.ts';

/** A name, its value, and whether it is good or bad news. */
export type Fact = readonly [name: string, value: string, news?: 'good' | 'warning' | undefined];

/** Names and values in two columns. */
export function factsBlock(
	title: string,
	facts: readonly Fact[],
	size: Size,
	minWidth = 260,
): Block {
	const { lineHeight, characterWidth } = size;
	const step = lineHeight * 1.15;
	const longest = Math.max(...facts.map(([, value]) => value.length), 0);
	const lines = (width: number) =>
		facts.map(([name, value]) => (fits(name, value, width, characterWidth) ? 1 : 2));
	return {
		minWidth: Math.max(minWidth, Math.min(420, (longest + 12) * characterWidth)),
		maxWidth: 620,
		height: (width) => lineHeight * 1.3 + step * lines(width).reduce((sum, n) => sum + n, 0),
		draw: ({ x, y, width }) => {
			const small = { kind: 'text', size: 'small' } as const;
			const marks: Mark[] = [
				{ ...small, x, y: y + lineHeight / 2, text: title, fill: 'text', bold: true, maxWidth: width }, // prettier-ignore
			];
			let row = y + lineHeight * 1.3 + step / 2;
			for (const [name, value, news] of facts) {
				const fill = news ?? 'text';
				marks.push({ ...small, x, y: row, text: name, fill: 'muted', maxWidth: width });
				if (fits(name, value, width, characterWidth)) {
					marks.push({ ...small, x: x + width, y: row, text: value, fill, align: 'end' });
				} else {
					row += step;
					marks.push({ ...small, x: x + width, y: row, text: value, fill, align: 'end', maxWidth: width }); // prettier-ignore
				}
				row += step;
			}
			return { marks };
		},
	};
}

const fits = (name: string, value: string, width: number, characterWidth: number) =>
	(name.length + value.length + 3) * characterWidth <= width;
