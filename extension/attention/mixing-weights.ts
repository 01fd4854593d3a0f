import type { DerivedNode, SiteTensor } from '../protocol/model.ts';
import { Derivation } from './derivation.ts';
import type { Facts } from './facts.ts';
import type { Product } from './product.ts';
import { floatAfter } from './quantised.ts';
import { behindCopies } from './scope.ts';
import type { ValuePath } from './value-path.ts';

/** Notes of weights that a softmax of q·k is not: another M stands between the scores and the values. */
const altered =
	/^the weights (pass through|are quantised|are rounded|of (different heads|neighbouring tokens))|^the scale is no constant|^the scores (pass through Scatter|of neighbouring tokens)|is quantised: q·k|^the scores are quantised|runs over queries/;

const ROUNDED = 'their product is rounded, so that M·V holds only to half a step of its quantiser';

/** Weights as they meet the values, and those values, as tensors of numbers. */
export interface Mixing {
	/** Axes as those of the scores. */
	readonly weights: SiteTensor;
	readonly values: string;
	/** In place of a product of whole numbers, what those stand for; null where the graph has that itself. */
	readonly output: string | null;
	readonly derived: readonly DerivedNode[];
	readonly note: string;
}

/**
 * The weights that a graph mixes by where a softmax of its q·k would not be them; null where it is, or where they are no
 * numbers that can be read.
 *
 * @param axes of the weights at the product with the values; empty where they are not known
 */
export function mixingOf(
	{ product, weights, values }: ValuePath,
	axes: string,
	notes: readonly string[],
	facts: Facts,
): Mixing | null {
	if (axes === '' || !notes.some((note) => altered.test(note))) return null;
	const said = (name: string) =>
		`the weights of the picture are those of the graph, ${name}, not computed again`;
	const isWhole = [weights, values].some((name) => /int8/.test(facts.dtypeOf(name) ?? ''));
	if (!product.quantised && !isWhole) {
		const [mixing, v] = [weights, values].map((name) => asRead(name, product));
		return { weights: { name: mixing!, axes }, values: v!, output: null, derived: [], note: said(mixing!) }; // prettier-ignore
	}
	if (product.node.index === null) return null;
	const derivation = new Derivation(facts.scope, product.output);
	const [ofWeights, ofValues] = [weights, values].map((name) => {
		const step = stepOf(name, product, facts);
		return step && derivation.node('DequantizeLinear', [name, ...step]);
	});
	if (!ofWeights || !ofValues) return null;
	const [mixing, v] = [derivation.named('weights', ofWeights), derivation.named('v', ofValues)];
	const output = outputOf(product, facts, derivation);
	return {
		weights: { name: mixing, axes },
		values: v,
		output,
		derived: derivation.behind([mixing, v, output ?? '']),
		note: product.node.opType === 'QLinearMatMul' ? `${said(weights)}; ${ROUNDED}` : said(weights),
	};
}

/** An operand as the graph has it: quantised and turned back, where the graph does that. */
function asRead(name: string, { node }: Product): string {
	return node.turned?.[node.inputs.indexOf(name)] ?? name;
}

/** What a product that stays quantised stands for; null where the graph turns it back. */
function outputOf({ node, output }: Product, facts: Facts, derivation: Derivation): string | null {
	if (node.opType !== 'QLinearMatMul' || floatAfter(output, facts) !== output) return null;
	const turned = derivation.node('DequantizeLinear', [output, ...node.inputs.slice(6, 8)]);
	return derivation.named('output', turned);
}

/** Scale and zero point of an operand: beside it in the product, else at its quantiser. */
function stepOf(name: string, { node, left }: Product, { scope }: Facts): string[] | null {
	if (node.opType === 'QLinearMatMul') {
		const at = name === left ? 0 : 3;
		return [node.inputs[at + 1] ?? '', node.inputs[at + 2] ?? ''];
	}
	const origin = behindCopies(scope, name);
	const quantiser = scope.producerOf(origin);
	if (quantiser?.opType === 'QuantizeLinear') return quantiser.inputs.slice(1, 3);
	return quantiser?.opType === 'DynamicQuantizeLinear' ? quantiser.outputs.slice(1, 3) : null;
}
