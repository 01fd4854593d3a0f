import { significant } from '../../../view-api/format.ts';
import { colorLegend, legendHeight } from '../../../view-api/legend.ts';
import type { Figure, Mark, Size, Target } from '../../../view-api/scene.ts';
import { TextBlock } from '../text-block.ts';
import { tokenName } from '../rows.ts';
import type { MqarQuery } from '../../../../kernels/recall/recall.ts';
import type { RetentionDetail, StateFacts } from './retention.ts';

export interface ShownRetention {
	/** Whose memory. */
	readonly name: string;
	readonly detail: RetentionDetail;
	readonly query: MqarQuery;
	/** Tokens that the state under the scrubber has taken in. */
	readonly step: number;
	readonly vocabulary: number;
}

const MOST_ROW_HEIGHT = 12;

/** Stored pairs down, tokens across: what a read of each pair's own key would return of its value. */
export function retentionMap(
	{ name, detail, query, step, vocabulary }: ShownRetention,
	top: number,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const { T, writes, returned } = detail;
	const { width, characterWidth, lineHeight } = size;
	const block = new TextBlock(size, top);
	block.add(`What ${name} would return of each stored pair, asked with the pair’s own key`, 'text', { bold: true }); // prettier-ignore
	block.add('pairs down in the order written, tokens across; outlined: the chosen pair; line: the scrubber', 'muted'); // prettier-ignore
	const left = 6 * characterWidth;
	const row = Math.max(3, Math.min(MOST_ROW_HEIGHT, 320 / writes.length));
	const box = { x: left, y: block.y + 4, width: width - left - 2, height: row * writes.length };
	const at = (token: number) => box.x + (token / T) * box.width;
	const chosen = writes.findLastIndex(({ key }) => key === query.key);
	const reach = returned.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
	const every = Math.ceil(lineHeight / row);
	const label = (write: number, fill: 'text' | 'muted'): Mark => ({
		kind: 'text',
		x: left - 4,
		y: box.y + (write + 0.5) * row,
		text: tokenName(writes[write]!.key, vocabulary),
		...{ fill, size: 'small', align: 'end', code: true },
	});
	const legend = { x: left, y: box.y + box.height + 6, width: Math.min(240, width - left) };
	return {
		marks: [
			...block.marks,
			{ kind: 'image', ...box, columns: T, rows: writes.length, values: returned, domain: [-reach, reach], ramp: 'diverging' }, // prettier-ignore
			{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
			...writes.flatMap((_, write) =>
				write % every === 0 && Math.abs(write - chosen) >= every ? [label(write, 'muted')] : [],
			),
			...(chosen < 0
				? []
				: [
						label(chosen, 'text'),
						{ kind: 'rect', ...box, y: box.y + chosen * row, height: row, stroke: 'focus', strokeWidth: 1.5 } as const, // prettier-ignore
					]),
			{ kind: 'line', points: [[at(step), box.y - 3], [at(step), box.y + box.height + 3]], stroke: 'accent', width: 1.5 }, // prettier-ignore
			...colorLegend({ ...legend, label: 'coefficient of the value', domain: [-reach, reach], ramp: 'diverging' }, size), // prettier-ignore
		],
		targets: [
			{ id: 'retention', ...box, label: 'Stored pairs by tokens; Enter puts the scrubber there', rows: writes.length, columns: T }, // prettier-ignore
		],
		height: legend.y + legendHeight(size) - top,
	};
}

/** The state along the sequence, and its singular values under the scrubber. */
export function retentionFigures({ name, detail, step }: ShownRetention): Figure[] {
	const { states } = detail;
	const x = states.map(({ after }) => after);
	const state = nearest(states, step);
	const along = { kind: 'line', xLabel: 'tokens taken in' } as const;
	return [
		{
			...along,
			id: 'state-norm',
			title: `Size of the state of ${name}`,
			yLabel: 'Frobenius norm',
			series: [{ label: 'norm', role: 'linear', x, y: states.map(({ norm }) => norm) }],
		},
		{
			...along,
			id: 'state-rank',
			title: `Effective rank of the state of ${name}`,
			yLabel: 'directions in use',
			series: [{ label: 'effective rank', role: 'linear', x, y: states.map(({ effectiveRank }) => effectiveRank) }], // prettier-ignore
		},
		{
			id: 'singular-values',
			kind: 'bar',
			title: `Singular values after ${state.after} tokens`,
			xLabel: 'largest first',
			yLabel: 'singular value',
			categories: state.singularValues.map((_, at) => String(at + 1)),
			series: [
				{ label: 'singular value', role: 'linear', x: state.singularValues.map((_, at) => at + 1), y: [...state.singularValues] }, // prettier-ignore
			],
		},
	];
}

const nearest = (states: readonly StateFacts[], step: number) =>
	states.reduce((best, each) =>
		Math.abs(each.after - step) < Math.abs(best.after - step) ? each : best,
	);

/** What is under the cursor in the map. */
export function retentionReadout(
	{ name, detail, vocabulary }: ShownRetention,
	row: number,
	token: number,
): string {
	const write = detail.writes[row];
	if (!write) return '';
	const value = detail.returned[row * detail.T + token] ?? 0;
	return `${name}, after token ${token}: a read of ${tokenName(write.key, vocabulary)} would return ${significant(value)} of ${tokenName(write.value, vocabulary)}, written at ${write.keyAt}`;
}
