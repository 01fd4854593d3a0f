import type { Mark, Role, Size, Target } from '../../view-api/scene.ts';

/** A stretch of the scene, laid out from its own top. */
export interface Part {
	readonly marks: readonly Mark[];
	readonly targets: readonly Target[];
	readonly height: number;
}

export const nothing: Part = { marks: [], targets: [], height: 0 };

/** Parts one under the other. */
export function stack(parts: readonly Part[], { lineHeight }: Size): Part {
	const marks: Mark[] = [];
	const targets: Target[] = [];
	let y = 0;
	for (const part of parts.filter(({ height }) => height > 0)) {
		marks.push(...part.marks.map((mark) => lowered(mark, y)));
		targets.push(...part.targets.map((target) => ({ ...target, y: target.y + y })));
		y += part.height + lineHeight;
	}
	return { marks, targets, height: Math.ceil(y) };
}

function lowered(mark: Mark, by: number): Mark {
	if (mark.kind === 'line')
		return { ...mark, points: mark.points.map(([x, y]) => [x, y + by] as const) };
	if (mark.kind === 'dots')
		return { ...mark, xy: mark.xy.map((value, at) => (at % 2 === 1 ? value + by : value)) };
	return { ...mark, y: mark.y + by };
}

export type Fact = readonly [name: string, value: string, role?: Role | undefined];

/** Names on the left, values on the right; under each other where it is narrow. */
export function factRows(facts: readonly Fact[], size: Size): Part {
	const line = size.lineHeight * 1.2;
	const longest = Math.max(0, ...facts.map(([name]) => name.length)) + 2;
	const column = Math.min(size.width * 0.45, longest * size.characterWidth);
	const marks = facts.flatMap(([name, value, fill = 'text'], at): Mark[] => {
		const y = (at + 0.5) * line;
		return [
			{ kind: 'text', x: 0, y, text: name, fill: 'muted', size: 'small', maxWidth: column - 4 },
			{ kind: 'text', x: column, y, text: value, fill, size: 'small', maxWidth: size.width - column }, // prettier-ignore
		];
	});
	return { marks, targets: [], height: facts.length * line };
}

export function heading(text: string, size: Size): Part {
	return {
		marks: [{ kind: 'text', x: 0, y: size.lineHeight / 2, text, fill: 'text', size: 'small', bold: true, maxWidth: size.width }], // prettier-ignore
		targets: [],
		height: size.lineHeight * 1.3,
	};
}

/** Parts directly under each other. */
export function joined(parts: readonly Part[]): Part {
	let y = 0;
	const marks: Mark[] = [];
	const targets: Target[] = [];
	for (const part of parts) {
		marks.push(...part.marks.map((mark) => lowered(mark, y)));
		targets.push(...part.targets.map((target) => ({ ...target, y: target.y + y })));
		y += part.height;
	}
	return { marks, targets, height: y };
}
