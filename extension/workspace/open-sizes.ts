import type { ModelIndex } from '../onnx/model-index.ts';
import { InputError } from './input-error.ts';
import { neededInputs } from './model-inputs.ts';

/** Sizes for the axes that a model leaves open, by their symbol; an axis without one is called `input.axis`. */
export type OpenSizes = Readonly<Record<string, number>>;

/** What a user calls an open axis. */
export function symbolOf(input: string, axis: number, size: string | number | null): string {
	return typeof size === 'string' && size !== '' ? size : `${input}.${axis}`;
}

/** The symbols of a model's inputs, in their order. Sums such as `past + sequence` follow from their parts. */
export function openSymbols(index: ModelIndex): string[] {
	const symbols = neededInputs(index).flatMap(({ name, shape }) =>
		(shape ?? []).flatMap((size, axis) =>
			typeof size === 'number' ? [] : [symbolOf(name, axis, size)],
		),
	);
	return [...new Set(symbols)].filter((symbol) => !/[+*/-]\s*\w/.test(symbol) || /\.\d+$/.test(symbol)); // prettier-ignore
}

export function sizesText(sizes: OpenSizes): string {
	return Object.entries(sizes)
		.map(([symbol, size]) => `${symbol} = ${size}`)
		.join(', ');
}

/**
 * Sizes as people type them: `batch = 1, sequence = 32`.
 *
 * @throws InputError `malformed` naming what is no size or no symbol of the model
 */
export function parseSizes(typed: string, symbols: readonly string[]): OpenSizes {
	const entries = typed
		.split(/[,;\n]/)
		.map((part) => part.trim())
		.filter((part) => part !== '')
		.map((part): [string, number] => {
			const [, symbol = '', size = ''] = /^(.*?)\s*[=:]\s*(\S+)$/.exec(part) ?? [];
			if (!symbols.includes(symbol))
				throw new InputError(
					'malformed',
					`Expected NAME = SIZE with a name of ${symbols.join(', ')}, got ${part}.`,
				);
			if (!/^\d+$/.test(size) || Number(size) > 2 ** 24)
				throw new InputError('malformed', `Expected a size of ${symbol}, got ${size}.`);
			return [symbol, Number(size)];
		});
	return Object.fromEntries(entries);
}

/** A symbol's size, or that of a sum such as `past_sequence_length + sequence_length`, from those of its parts. */
export function sumOf(symbol: string, sizeOf: (part: string) => number): number {
	const parts = symbol.split('+').map((part) => part.trim());
	return parts.reduce((sum, part) => sum + (/^\d+$/.test(part) ? Number(part) : sizeOf(part)), 0);
}
