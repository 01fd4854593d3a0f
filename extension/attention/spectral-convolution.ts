import { hasData } from './choice.ts';
import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { gateOf } from './gated-convolution.ts';
import { untouched } from './weights.ts';

/** Between the product of two spectra and the transforms on both sides. */
const between = new Set(
	'Mul Add Sub Concat Slice Gather Split Squeeze Unsqueeze Reshape Transpose Cast Identity Div Neg Expand Sum'.split(
		' ',
	),
);
const MOST_VISITS = 60;

/**
 * A long convolution by Fourier transforms that a projection of the same input gates, as Hyena and H3 have it:
 * `gate · irfft(rfft(v) · rfft(filter))`.
 */
export const spectralConvolution: FormFinder = {
	id: 'spectral-convolution',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) =>
			node.opType === 'DFT' && intOf(node, 'inverse') === 1 ? (read(node, facts) ?? []) : [],
		),
};

function read(node: FlatNode, facts: Facts): Finding | null {
	const { transforms, weights } = spectraBehind(node.inputs[0] ?? '', facts);
	const moving = transforms.filter(({ inputs }) => hasData(inputs[0] ?? '', facts));
	const fixed = transforms.filter((each) => !moving.includes(each));
	const [first, ...others] = moving;
	const filter = fixed[0]?.inputs[0] ?? filterBehind(weights[0], facts);
	const gated = gateOf(node.outputs[0] ?? '', facts);
	if (!first || others.length > 0 || filter === undefined || !gated) return null;
	const values = withoutPadding(first.inputs[0] ?? '', facts);
	if (untouched(gated.gate, facts) === untouched(values, facts)) return null;
	const causal = isPadded(first, values, facts);
	return {
		node: gated.node,
		site: {
			form: 'convolution',
			kind: 'decomposed',
			operator: null,
			heads: null,
			kvHeads: null,
			headSize: null,
			scale: null,
			softCap: null,
			mask: causal ? 'causal' : 'none',
			window: null,
			cross: false,
			tensors: {
				q: { name: gated.gate, axes: '' },
				k: null,
				v: { name: values, axes: '' },
				scores: null,
				weights: null,
				kernel: { name: untouched(filter, facts), axes: '' },
				output: { name: gated.node.outputs[0] ?? '', axes: '' },
			},
			maskMeans: null,
			confidence: 0.7,
			notes: [
				'a filter as long as the sequence mixes tokens by its spectrum; the second factor depends on the input',
				...(causal
					? []
					: ['the sequence is taken for a circle: no room is left behind its last token']),
			],
		},
	};
}

/** Transforms whose results are multiplied, and spectra that are weights. */
function spectraBehind(product: string, facts: Facts) {
	const names = [product];
	const transforms = new Set<FlatNode>();
	const weights: string[] = [];
	let multiplies = false;
	for (let at = 0; at < names.length && at < MOST_VISITS; at++) {
		const node = facts.scope.producerOf(names[at]!);
		if (node?.opType === 'DFT') transforms.add(node);
		if (!node || !between.has(node.opType)) continue;
		if (node.opType === 'Mul') {
			const weight = node.inputs.find((input) => facts.scope.isConstant(input) && facts.numberOf(input) === null); // prettier-ignore
			if (weight !== undefined) weights.push(weight);
			multiplies = true;
		}
		for (const input of node.inputs)
			if (input && !names.includes(input) && !facts.scope.isConstant(input)) names.push(input);
	}
	return multiplies ? { transforms: [...transforms], weights } : { transforms: [], weights: [] };
}

/** What a spectrum that is a weight is the spectrum of. */
function filterBehind(spectrum: string | undefined, facts: Facts): string | undefined {
	let current = spectrum ?? '';
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'DFT') return node.inputs[0];
		if (!node || !between.has(node.opType)) break;
		current = node.inputs[0] ?? '';
	}
	return spectrum;
}

const padding = new Set('Pad Unsqueeze Concat Cast Identity Reshape'.split(' '));

function withoutPadding(name: string, facts: Facts): string {
	let current = name;
	for (let steps = 0; steps < 6; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node || !padding.has(node.opType)) break;
		current = node.inputs[0] ?? '';
	}
	return current;
}

/** Whether there is room behind the last token for what would else run round to the first. */
function isPadded(transform: FlatNode, values: string, facts: Facts): boolean {
	const [data = '', length = ''] = transform.inputs;
	let current = data;
	for (let steps = 0; steps < 6 && current !== values; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'Pad' || node?.opType === 'Concat') return true;
		current = node?.inputs[0] ?? values;
	}
	if (length === '') return false;
	const [said] = facts.valueOf(length) ?? [];
	return !facts.shapeOf(data)?.some((dim) => dim === said);
}
