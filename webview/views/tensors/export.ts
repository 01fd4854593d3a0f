import type { DataExport } from '../../view-api/view.ts';
import type { TensorsData } from './compute.ts';
import type { Known } from './detail.ts';
import { answerTo, surveyed, tensorQuery } from './queries.ts';
import { sentence } from './sentence.ts';
import { heldPlaces, sliceCount } from './slice.ts';
import type { TensorsState } from './state.ts';

/** What is shown as a table, and with it all its numbers. */
export function exportTensors(data: TensorsData, state: TensorsState, known: Known): DataExport {
	const description = sentence(data, state, known);
	switch (state.look) {
		case 'one':
			return oneExport(state, known, description);
		case 'placement': {
			const nodes = answerTo('placement', { kind: 'placement' }, known)?.nodes ?? [];
			const lines = nodes.map(({ processor, op, name }) => [processor, op, quoted(name)].join());
			return {
				csv: ['processor,operator,name', ...lines, ''].join('\n'),
				json: { description, nodes },
			};
		}
		case 'all':
		case 'backends': {
			const { found, isOver } = surveyed(data, state, known);
			const lines = found.map(
				({ name, numbers: n, relative, largest, problem }) =>
				[quoted(name), n.count, n.min, n.max, n.mean, n.deviation, n.nan, n.infinite, n.overHalf, n.nearHalf, relative ?? '', largest ?? '', quoted(problem)].join(), // prettier-ignore
			);
			const header = 'tensor,values,min,max,mean,deviation,nan,infinite,over_float16,near_float16,relative_difference,largest_difference,problem'; // prettier-ignore
			return {
				csv: [header, ...lines, ''].join('\n'),
				json: { description, complete: isOver, tensors: found },
			};
		}
	}
}

function oneExport(state: TensorsState, known: Known, description: string): DataExport {
	const detail = answerTo('tensor', tensorQuery(state), known);
	const effects = answerTo('effect', { kind: 'effect', edits: state.edits }, known)?.effects ?? [];
	if (!detail) return { csv: 'row,column,value\n', json: { description } };
	const { shape, dtype, numbers, histogram, picture } = detail;
	const { rows, columns, block, values } = picture;
	const lines = Array.from(
		values,
		(value, at) => `${Math.floor(at / columns) * block[0]},${(at % columns) * block[1]},${value}`,
	);
	return {
		csv: ['row,column,value', ...lines, ''].join('\n'),
		json: {
			description,
			tensor: state.tensor,
			dtype,
			shape,
			numbers,
			histogram,
			slice: {
				held: heldPlaces(shape, Math.min(state.slice, sliceCount(shape) - 1)),
				rows,
				columns,
				cell: block,
				holds: block[0] * block[1] > 1 ? 'the value of largest magnitude of a cell' : 'the value',
				values: Array.from(values),
			},
			edits: state.edits,
			effects: effects.map((effect) => ({ ...effect, byRow: Array.from(effect.byRow) })),
		},
	};
}

function quoted(text: string): string {
	return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
