import { significant } from '../../view-api/format.ts';
import type { Mark } from '../../view-api/scene.ts';
import { queryName } from './names.ts';
import type { Shown } from './shown.ts';

/** The exact weights of the query under the cursor, on the matrix's columns, drawn as one line. */
export function rowProfile(shown: Shown): Mark[] {
	const { geometry, window, row, state, measured, size } = shown;
	const { profile, labels } = geometry;
	const at = (state.batch * measured.H + state.head) * measured.T + state.query;
	const largest = measured.largest[at]!;
	const reach = Math.abs(largest);
	// weights of both signs stand on a line in the middle
	const base = profile.y + profile.height * (measured.signed ? 0.5 : 1);
	const axis: Mark = {
		kind: 'line',
		points: [
			[profile.x, base],
			[profile.x + profile.width, base],
		],
		stroke: 'faint',
		width: 1,
	};
	const words = {
		kind: 'text',
		x: profile.x - 7,
		align: 'end',
		size: 'small',
		maxWidth: labels.left,
	} as const;
	const marks: Mark[] = [
		axis,
		{ ...words, y: profile.y + 2, text: significant(largest), fill: 'muted' },
		{
			...words,
			y: profile.y + profile.height - size.lineHeight / 2,
			text: queryName(shown, state.query),
			fill: 'accent',
			bold: true,
			code: true,
		},
	];
	if (!row || reach === 0) return marks;
	marks.push({
		kind: 'line',
		points: outline(row.subarray(...window.columns), reach, profile, base),
		stroke: measured.signed ? 'linear' : 'softmax',
		width: profile.width / (window.columns[1] - window.columns[0]) > 3 ? 1.5 : 1,
	});
	return marks;
}

/** Steps over the keys; where several fall on a pixel, the one of largest size. */
function outline(
	row: Float32Array,
	reach: number,
	{ x, y: top, width }: { x: number; y: number; width: number },
	base: number,
): [number, number][] {
	const steps = Math.min(row.length, Math.max(1, Math.floor(width)));
	const points: [number, number][] = [[x, base]];
	for (let step = 0; step < steps; step++) {
		const from = Math.floor((step * row.length) / steps);
		const to = Math.max(from + 1, Math.floor(((step + 1) * row.length) / steps));
		const value = row.subarray(from, to).reduce((a, w) => (Math.abs(w) > Math.abs(a) ? w : a), 0);
		const y = base - (value / reach) * (base - top - 2);
		points.push([x + (step * width) / steps, y], [x + ((step + 1) * width) / steps, y]);
	}
	return [...points, [x + width, base]];
}
