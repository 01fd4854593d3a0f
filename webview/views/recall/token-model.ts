import type { ModelSummary, ValueSummary } from '../../../extension/protocol/model.ts';
import type { InputTensor, ModelInput } from '../../../extension/protocol/run.ts';
import type { Fit } from '../../view-api/view.ts';

/** How token ids go in and logits come out. */
export interface TokenModel {
	/** The input that takes ids `[batch, tokens]`. */
	readonly ids: ValueSummary;
	/** Inputs of the same size that are filled in by their names. */
	readonly sides: readonly ValueSummary[];
	/** The output of logits `[batch, tokens, vocabulary]`. */
	readonly logits: ValueSummary;
	/** Sizes that the file fixes; undefined where they are free. */
	readonly batch: number | undefined;
	readonly length: number | undefined;
}

const isInteger = ({ dtype }: ValueSummary) => dtype === 'int64' || dtype === 'int32';
const hasAxes = ({ shape }: ValueSummary, count: number) =>
	shape === null || shape.length === count;
const isSide = ({ name }: ValueSummary) => /mask|position|type|segment/i.test(name);

/** Undefined where the model maps no token ids to logits; `whyNot` says what is missing. */
export function tokenModel({ inputs, outputs }: ModelSummary): TokenModel | undefined {
	const sides = inputs.filter((input) => isSide(input) && hasAxes(input, 2));
	const rest = inputs.filter((input) => !sides.includes(input));
	const [ids, ...others] = rest;
	if (!ids || others.length > 0 || !isInteger(ids) || !hasAxes(ids, 2)) return undefined;
	const candidates = outputs.filter(
		(output) =>
			output.dtype.startsWith('float') && hasAxes(output, 3) && !/hidden/i.test(output.name),
	);
	const logits = candidates.find(({ name }) => /logit/i.test(name)) ?? candidates[0];
	if (!logits) return undefined;
	const fixed = (axis: number) => {
		const size = ids.shape?.[axis];
		return typeof size === 'number' ? size : undefined;
	};
	return { ids, sides, logits, batch: fixed(0), length: fixed(1) };
}

export function fitsRecall(model: ModelSummary): Fit {
	if (tokenModel(model)) return { fits: true };
	const names = (values: readonly ValueSummary[]) => values.map(({ name }) => name).join(', ');
	return {
		fits: false,
		reason: `Recall is asked of models that map token ids [batch, tokens] to logits [batch, tokens, vocabulary]; this one maps ${names(model.inputs) || 'nothing'} to ${names(model.outputs) || 'nothing'}.`,
	};
}

/** The ids, and what stands beside them: masks of ones, positions counting up, zeros. Rows are of one length. */
export function inputOf(
	{ ids, sides }: TokenModel,
	rows: readonly ArrayLike<number>[],
): ModelInput {
	const shape = [rows.length, rows[0]?.length ?? 0];
	const fill = (value: (row: number, at: number) => number) =>
		rows.flatMap((row, r) => Array.from({ length: row.length }, (_, at) => value(r, at)));
	const sideValue = ({ name }: ValueSummary) =>
		fill((_row, at) => (/mask/i.test(name) ? 1 : /position/i.test(name) ? at : 0));
	return {
		source: 'recall',
		tensors: [
			encoded(
				ids,
				shape,
				fill((row, at) => rows[row]![at]!),
			),
			...sides.map((side) => encoded(side, shape, sideValue(side))),
		],
		tokens: [],
		labels: [],
		note: '',
	};
}

function encoded(
	{ name, dtype }: ValueSummary,
	shape: readonly number[],
	values: readonly number[],
): InputTensor {
	const array = {
		int64: () => BigInt64Array.from(values, BigInt),
		int32: () => Int32Array.from(values),
		bool: () => Uint8Array.from(values),
		float32: () => Float32Array.from(values),
	};
	const kind = dtype in array ? (dtype as keyof typeof array) : 'int64';
	return { name, dtype: kind, shape: [...shape], data: new Uint8Array(array[kind]().buffer) };
}
