import type { Placement, ViewContext } from '../../view-api/view.ts';
import type { TensorsData } from './compute.ts';
import type { Edit } from './edit.ts';
import { effectOn, type Effect } from './effect.ts';
import { histogramOf, numbersOf, type Histogram, type Numbers } from './numbers.ts';
import { overridesOf, runEdited } from './run-edits.ts';
import { pooledSlice, sliceAt, sliceCount, type Pooled } from './slice.ts';
import { BATCH, survey, type Surveyed } from './survey.ts';

export type TensorsQuery =
	/** One tensor: its numbers and one slice, as it is, with edits in place, or how far these change it. */
	| {
			readonly kind: 'tensor';
			readonly name: string;
			readonly slice: number;
			readonly edits: readonly Edit[];
			readonly difference: boolean;
	  }
	| { readonly kind: 'effect'; readonly edits: readonly Edit[] }
	/** Tensors `from` to `from + BATCH` of the list. */
	| { readonly kind: 'survey'; readonly from: number; readonly compare: boolean }
	| { readonly kind: 'placement' };

export interface TensorDetail {
	readonly kind: 'tensor';
	readonly dtype: string;
	readonly shape: readonly number[];
	readonly numbers: Numbers;
	readonly histogram: Histogram;
	readonly picture: Pooled;
}

export type TensorsDetail =
	| TensorDetail
	| { readonly kind: 'effect'; readonly effects: readonly Effect[] }
	| { readonly kind: 'survey'; readonly found: readonly Surveyed[] }
	| ({ readonly kind: 'placement' } & Placement);

export type Known = (query: TensorsQuery) => TensorsDetail | undefined;

const BINS = 48;
/** Cells of a picture, down and across. */
const MOST_CELLS = 256;

export async function fetchDetail(
	context: ViewContext,
	data: TensorsData,
	query: TensorsQuery,
): Promise<TensorsDetail> {
	switch (query.kind) {
		case 'tensor':
			return await readTensor(context, query);
		case 'effect': {
			context.progress('Running the model with your edits');
			const run = await runEdited(context, query.edits, []);
			try {
				return { kind: 'effect', effects: await effectOn(context, data.outputs, run) };
			} finally {
				run.release();
			}
		}
		case 'survey': {
			const names = data.tensors.slice(query.from, query.from + BATCH).map(({ name }) => name);
			context.progress('Reading every tensor', query.from, data.tensors.length);
			return { kind: 'survey', found: await survey(context, names, query.compare) };
		}
		case 'placement':
			return { kind: 'placement', ...(await context.placement()) };
	}
}

async function readTensor(
	context: ViewContext,
	{ name, slice, edits, difference }: Extract<TensorsQuery, { kind: 'tensor' }>,
): Promise<TensorDetail> {
	context.progress(`Reading ${name}`);
	const own = edits.length > 0 && !difference ? undefined : await valuesOf(context, name, []);
	const other = edits.length > 0 ? await valuesOf(context, name, edits) : undefined;
	const { dtype, shape } = (other ?? own)!;
	const values =
		own && other
			? other.values.map((value, at) => value - own.values[at]!)
			: (other ?? own)!.values;
	const numbers = numbersOf(values);
	return {
		kind: 'tensor',
		dtype,
		shape,
		numbers,
		histogram: histogramOf(values, numbers, BINS),
		picture: pooledSlice(
			values,
			sliceAt(shape, Math.min(slice, sliceCount(shape) - 1)),
			MOST_CELLS,
		),
	};
}

interface Values {
	readonly dtype: string;
	readonly shape: readonly number[];
	readonly values: Float32Array;
}

/** Of an edited tensor the value that was put in its place. */
async function valuesOf(
	context: ViewContext,
	name: string,
	edits: readonly Edit[],
): Promise<Values> {
	const overrides = await overridesOf(context, edits);
	const put = overrides.find(({ tensor }) => tensor === name);
	if (put) return put;
	const run = await context.again({ taps: [name], overrides });
	try {
		const tensor = await run.tensor(name);
		const values = (await tensor.read()).slice();
		return { dtype: tensor.dtype, shape: tensor.shape, values };
	} finally {
		run.release();
	}
}
