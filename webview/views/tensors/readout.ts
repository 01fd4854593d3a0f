import { significant } from '../../view-api/format.ts';
import type { Known } from './detail.ts';
import { answerTo, tensorQuery } from './queries.ts';
import { heldPlaces, sliceCount } from './slice.ts';
import type { TensorsState } from './state.ts';

/** The cell under the cursor with its exact value. */
export function readout(state: TensorsState, known: Known): string {
	const detail = state.look === 'one' ? answerTo('tensor', tensorQuery(state), known) : undefined;
	if (!detail) return '';
	const { picture, shape } = detail;
	const { rows, columns, block, values } = picture;
	if (state.row < 0 || state.row >= rows || state.column < 0 || state.column >= columns) return '';
	const value = values[state.row * columns + state.column]!;
	const held = heldPlaces(shape, Math.min(state.slice, sliceCount(shape) - 1));
	const row = placesText(state.row, block[0], shape.at(-2) ?? 1);
	const column = placesText(state.column, block[1], shape.at(-1) ?? 1);
	const place = [...held.map(String), ...(shape.length > 1 ? [row] : []), column];
	const what = block[0] * block[1] > 1 ? 'largest magnitude' : 'value';
	return `${state.tensor}[${place.join(', ')}]: ${what} ${Number.isNaN(value) ? 'NaN' : significant(value)}`;
}

function placesText(cell: number, block: number, size: number): string {
	const first = cell * block;
	return block === 1 ? String(first) : `${first}..${Math.min(first + block, size) - 1}`;
}
