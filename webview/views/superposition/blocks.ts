import type { Mark, Size, Target } from '../../view-api/scene.ts';

/** Where a part of the picture stands. */
export interface Box {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

/** A part of the picture that is laid out beside others where there is room. */
export interface Block {
	/** Narrowest width at which it can be read. */
	readonly minWidth: number;
	/** Widest that it should become. */
	readonly maxWidth?: number;
	height(width: number): number;
	draw(box: Box): { readonly marks: readonly Mark[]; readonly targets?: readonly Target[] };
}

const GAP = 18;

/** Blocks from left to right, and on to the next row where the width ends. */
export function flow(
	blocks: readonly Block[],
	top: number,
	{ width }: Pick<Size, 'width'>,
): { marks: Mark[]; targets: Target[]; height: number } {
	const rows: Block[][] = [];
	let left = 0;
	for (const block of blocks) {
		const needed = Math.min(block.minWidth, width);
		if (rows.length === 0 || needed + GAP > left) {
			rows.push([block]);
			left = width - needed;
		} else {
			rows.at(-1)!.push(block);
			left -= needed + GAP;
		}
	}
	const marks: Mark[] = [];
	const targets: Target[] = [];
	let y = top;
	for (const row of rows) {
		const spare = width - GAP * (row.length - 1) - row.reduce((sum, { minWidth }) => sum + Math.min(minWidth, width), 0); // prettier-ignore
		let x = 0;
		let tallest = 0;
		for (const block of row) {
			const grown = Math.min(block.minWidth, width) + spare / row.length;
			const own = Math.min(grown, block.maxWidth ?? Infinity);
			const height = block.height(own);
			const drawn = block.draw({ x, y, width: own, height });
			marks.push(...drawn.marks);
			targets.push(...(drawn.targets ?? []));
			tallest = Math.max(tallest, height);
			x += own + GAP;
		}
		y += tallest + GAP;
	}
	return { marks, targets, height: y - top };
}
