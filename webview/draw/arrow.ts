import type { LineMark } from '../view-api/scene.ts';

type Point = readonly [x: number, y: number];

/** The three corners of an arrow's head at the end of a line; empty where the line has no direction. */
export function arrowHead({ points, width }: LineMark): readonly Point[] {
	const tip = points.at(-1);
	const before = points.findLast(([x, y]) => tip && (x !== tip[0] || y !== tip[1]));
	if (!tip || !before) return [];
	const length = Math.hypot(tip[0] - before[0], tip[1] - before[1]);
	const reach = 4 + 2 * width;
	const [dx, dy] = [
		((tip[0] - before[0]) / length) * reach,
		((tip[1] - before[1]) / length) * reach,
	];
	const base: Point = [tip[0] - dx, tip[1] - dy];
	return [tip, [base[0] - dy / 2, base[1] + dx / 2], [base[0] + dy / 2, base[1] - dx / 2]];
}
