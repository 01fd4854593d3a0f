import { percent } from '../../view-api/format.ts';
import { colorLegend, legendHeight } from '../../view-api/legend.ts';
import type { Mark, Size, Target } from '../../view-api/scene.ts';
import { FORMS, formNames } from './linear-forms.ts';
import type { PlainData } from './plain-sites.ts';
import { sitesOf, type PlainKnown, type PlainState } from './plain-state.ts';

/** One small map: layers down, heads across. */
interface MapEntry {
	readonly id: string;
	readonly title: string;
	readonly chosen: boolean;
	/** `[layers, heads]`; NaN where nothing is known. */
	readonly values: Float32Array;
	readonly rows: number;
	readonly columns: number;
}

const GAP = 14;

/** For every form how far each head would be off; for memories how much they read as softmax would. */
export function plainMaps(
	data: PlainData,
	state: PlainState,
	known: PlainKnown,
	y: number,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const entries = [...errorMaps(data, state, known), ...overlapMap(data, known)];
	const least = 150;
	const across = Math.max(
		1,
		Math.min(entries.length, Math.floor((size.width + GAP) / (least + GAP))),
	);
	const width = Math.min(300, (size.width - (across - 1) * GAP) / across);
	const marks: Mark[] = [];
	const targets: Target[] = [];
	let [top, deepest] = [y, 0];
	entries.forEach((entry, at) => {
		const column = at % across;
		if (column === 0 && at > 0) [top, deepest] = [top + deepest, 0];
		const x = column * (width + GAP);
		const row = Math.max(4, Math.min(22, 160 / entry.rows));
		const box = { x, y: top + size.lineHeight, width, height: row * entry.rows };
		marks.push(...mapMarks(entry, box, data, state, size));
		targets.push({
			id: `map:${entry.id}`,
			...box,
			label: `${entry.title}: layers down, heads across; Enter picks the head`,
			rows: entry.rows,
			columns: entry.columns,
		});
		deepest = Math.max(deepest, box.height + size.lineHeight + GAP);
	});
	const legendTop = top + deepest;
	const legends: Mark[] = [];
	let x = 0;
	const legend = (label: string, wide: number) => {
		legends.push(...colorLegend({ x, y: legendTop, width: wide, label, domain: [0, 1], ramp: 'sequential' }, size)); // prettier-ignore
		x += wide + GAP * 2;
	};
	if (entries.length > 0) legend(legendText(data), Math.min(420, size.width));
	return {
		marks: [...marks, ...legends],
		targets,
		height: legendTop - y + (entries.length > 0 ? legendHeight(size) : 0),
	};
}

function legendText({ sites }: PlainData): string {
	const kinds = new Set(sites.map(({ kind }) => kind));
	if (kinds.size > 1) return 'share of the output’s size, or of the weight (0 to 1)';
	return kinds.has('softmax') ? 'error, share of the output’s size (1 and above)' : 'share of the weight (0 to 1)'; // prettier-ignore
}

function errorMaps(data: PlainData, state: PlainState, known: PlainKnown): MapEntry[] {
	const sites = sitesOf(data, 'softmax');
	if (sites.length === 0) return [];
	const columns = Math.max(...sites.map(({ H }) => H));
	return FORMS.map((form, at) => {
		const values = new Float32Array(sites.length * columns).fill(NaN);
		sites.forEach(({ site }, row) => {
			const swap = known({ kind: 'measure', site: site.id });
			if (swap?.kind !== 'swap') return;
			swap.errors.forEach((errors, h) => (values[row * columns + h] = errors[at] ?? NaN));
		});
		const chosen = form === state.form;
		return { id: form, title: formNames[form], chosen, values, rows: sites.length, columns };
	});
}

function overlapMap(data: PlainData, known: PlainKnown): MapEntry[] {
	const sites = sitesOf(data, 'memory');
	if (sites.length === 0) return [];
	const columns = Math.max(...sites.map(({ H }) => H));
	const values = new Float32Array(sites.length * columns).fill(NaN);
	sites.forEach(({ site }, row) => {
		const overlap = known({ kind: 'measure', site: site.id });
		if (overlap?.kind === 'overlap') values.set(overlap.overlap, row * columns);
	});
	const title = 'weight shared with softmax';
	return [{ id: 'overlap', title, chosen: false, values, rows: sites.length, columns }];
}

function mapMarks(
	{ id, title, chosen, values, rows, columns }: MapEntry,
	box: { x: number; y: number; width: number; height: number },
	data: PlainData,
	state: PlainState,
	{ lineHeight, characterWidth }: Size,
): Mark[] {
	const known = Array.from(values).filter((value) => !Number.isNaN(value));
	const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
	const note = known.length === 0 ? 'none' : `mean ${percent(mean)}`;
	const line = { kind: 'text', size: 'small', y: box.y - lineHeight / 2 } as const;
	const [cell, row] = [box.width / columns, box.height / rows];
	const kind = id === 'overlap' ? 'memory' : 'softmax';
	const front = sitesOf(data, kind).indexOf(data.sites[state.layer]!);
	const marks: Mark[] = [
		{ ...line, x: box.x, text: `${title}: ${note}`, fill: chosen ? 'accent' : 'text', bold: chosen, maxWidth: box.width }, // prettier-ignore
		{ kind: 'image', ...box, columns, rows, values, domain: [0, 1], ramp: 'sequential' },
		{ kind: 'rect', ...box, stroke: chosen ? 'accent' : 'faint', strokeWidth: chosen ? 2 : 1 },
	];
	if (cell >= 6 * characterWidth && row >= lineHeight) {
		values.forEach((value, at) => {
			if (Number.isNaN(value)) return;
			const [r, c] = [Math.floor(at / columns), at % columns];
			const middle = { x: box.x + (c + 0.5) * cell, y: box.y + (r + 0.5) * row };
			marks.push(
				{ kind: 'rect', x: middle.x - 2.9 * characterWidth, y: middle.y - 7, width: 5.8 * characterWidth, height: 14, fill: 'background', radius: 3, opacity: 0.85 }, // prettier-ignore
				{ kind: 'text', ...middle, text: `${Math.round(value * 100)} %`, fill: 'text', size: 'small', align: 'middle' }, // prettier-ignore
			);
		});
	}
	if (front >= 0) {
		const place = { x: box.x + state.head * cell, y: box.y + front * row };
		marks.push({
			kind: 'rect',
			...place,
			width: cell,
			height: row,
			stroke: 'focus',
			strokeWidth: 2,
		});
	}
	return marks;
}
