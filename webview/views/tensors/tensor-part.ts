import { significant } from '../../view-api/format.ts';
import { colorLegend, legendHeight } from '../../view-api/legend.ts';
import type { Mark, Size } from '../../view-api/scene.ts';
import type { TensorsData } from './compute.ts';
import { axisName, roleText } from './controls.ts';
import type { Known, TensorDetail } from './detail.ts';
import type { Numbers } from './numbers.ts';
import { factRows, heading, joined, nothing, type Fact, type Part } from './part.ts';
import { answerTo, tensorQuery } from './queries.ts';
import { heldPlaces, sliceCount } from './slice.ts';
import type { TensorsState } from './state.ts';

const HIGHEST = 320;
const LEAST_CELL = 2;

/** The chosen tensor: one slice as a picture, its numbers under it. */
export function tensorPart(data: TensorsData, state: TensorsState, size: Size, known: Known): Part {
	const detail = answerTo('tensor', tensorQuery(state), known);
	if (state.tensor === '') return nothing;
	if (!detail) return heading(`Reading ${state.tensor}…`, size);
	return joined([
		heading(sliceTitle(data, state, detail), size),
		picture(data, state, detail, size),
		factRows(factsOf(data, state, detail), size),
	]);
}

function lettersOf({ roles }: TensorsData, { tensor }: TensorsState, { shape }: TensorDetail) {
	const letters = roles[tensor]?.axes ?? '';
	return letters.length === shape.length ? letters : '';
}

function sliceTitle(data: TensorsData, state: TensorsState, detail: TensorDetail): string {
	const { shape } = detail;
	const letters = lettersOf(data, state, detail);
	const down = axisName(letters.at(-2) ?? '', shape.length - 2);
	const across = axisName(letters.at(-1) ?? '', shape.length - 1);
	const held = heldPlaces(shape, Math.min(state.slice, sliceCount(shape) - 1));
	const at = held.map((place, axis) => `${axisName(letters[axis] ?? '', axis)} ${place}`);
	const what = shape.length > 1 ? `${down} down, ${across} across` : across;
	return at.length === 0 ? what : `${what}; at ${at.join(', ')}`;
}

function picture(
	data: TensorsData,
	state: TensorsState,
	{ picture: { rows, columns, values, block }, numbers, shape }: TensorDetail,
	size: Size,
): Part {
	const { width } = size;
	const natural = (width * rows) / columns;
	const height = Math.max(Math.min(natural, HIGHEST), Math.min(HIGHEST, rows * LEAST_CELL), 14);
	const reach = Math.max(Math.abs(numbers.min), Math.abs(numbers.max)) || 1;
	const signed = numbers.min < 0;
	const ramp = signed ? ('diverging' as const) : ('sequential' as const);
	const domain = signed ? ([-reach, reach] as const) : ([0, reach] as const);
	const box = { x: 0, y: 0, width, height };
	const pooled = block[0] * block[1] > 1 ? `, the largest of ${block[0]}×${block[1]}` : '';
	const marks: Mark[] = [
		{ kind: 'image', ...box, rows, columns, values, domain, ramp },
		{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
		...colorLegend(
			{ x: 0, y: height + 6, width: Math.min(width, 260), label: `value (the model's own units${pooled})`, domain, ramp }, // prettier-ignore
			size,
		),
	];
	if (state.row >= 0 && state.row < rows && state.column >= 0 && state.column < columns) {
		const [w, h] = [Math.max(5, width / columns), Math.max(5, height / rows)];
		const x = ((state.column + 0.5) * width) / columns - w / 2;
		const y = ((state.row + 0.5) * height) / rows - h / 2;
		marks.push({ kind: 'rect', x, y, width: w, height: h, stroke: 'focus', strokeWidth: 2 });
	}
	const label = `Values of ${state.tensor}, shape ${shape.join(' by ')}`;
	return {
		marks,
		targets: [{ id: 'slice', ...box, label, rows, columns }],
		height: height + 14 + legendHeight(size),
	};
}

function factsOf(data: TensorsData, state: TensorsState, detail: TensorDetail): Fact[] {
	const { numbers, dtype, shape } = detail;
	const entry = data.tensors.find(({ name }) => name === state.tensor);
	const role = roleText(data, state.tensor);
	return [
		['tensor', `${dtype} [${shape.join(', ')}]${role === '' ? '' : ` · ${role}`}`],
		...(entry ? [['made by', `${entry.op} ${entry.node}`] as const] : []),
		...numberFacts(numbers),
	];
}

export function numberFacts(numbers: Numbers): Fact[] {
	const { count, min, max, mean, deviation, nan, infinite, zero, overHalf, nearHalf, underHalf } = numbers; // prettier-ignore
	const bad = (value: number): Fact[2] => (value > 0 ? 'error' : 'text');
	return [
		['values', count.toLocaleString('en-US')],
		['smallest, largest', `${significant(min)}, ${significant(max)}`],
		['mean ± deviation', `${significant(mean)} ± ${significant(deviation)}`],
		['exactly 0', zero.toLocaleString('en-US')],
		['NaN, infinite', `${nan}, ${infinite}`, bad(nan + infinite)],
		['beyond float16, near it', `${overHalf}, ${nearHalf}`, overHalf > 0 ? 'error' : nearHalf > 0 ? 'warning' : 'text'], // prettier-ignore
		['too small for float16', underHalf.toLocaleString('en-US')],
	];
}
