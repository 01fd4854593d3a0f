import type { SiteTensor } from '../protocol/model.ts';
import { int, type Derivation } from './derivation.ts';
import { floatOf, intOf } from './flat-node.ts';
import { hasPast, inputAt, type Fused } from './fused-node.ts';
import { readMasks, type MaskReading } from './masks.ts';
import { maskTerm } from './score-path.ts';

/** What com.microsoft's operators add to the scores of padding, where an attribute does not say. */
const FILTER = -10_000;
/** Of a number that softmax turns into exactly 0, whatever stands beside it. */
const LOWEST = -3.402823e38;

/** Every mask of a fused operator: what is given as a tensor, padding as what it adds to the scores, and causality. */
export function masksOf(fused: Fused, keys: SiteTensor | null): MaskReading {
	const { operator, facts } = fused;
	const given = inputAt(fused, operator.mask);
	const padding = inputAt(fused, operator.padding);
	const boolean = given !== '' && facts.dtypeOf(given) === 'bool';
	const read = readMasks(
		given === '' ? [] : [maskTerm(boolean ? 'where' : 'add', given, null)],
		facts,
	);
	const tensors = { ...read.tensors };
	// the runtime's own operators take four axes only, some of them of one element
	if (given !== '' && tensors['mask']?.axes === '' && operator.domains.includes('com.microsoft')) {
		tensors['mask'] = { name: given, axes: 'BHTS' };
	}
	if (padding !== '') tensors[given === '' ? 'mask' : 'mask2'] = paddingOf(fused, padding, keys);
	const means = given === '' ? null : read.means;
	if (isCausal(fused) || read.kind === 'causal') return { ...read, kind: 'causal', tensors, means };
	const { before, after } = reachOf(fused);
	const plain =
		read.kind === 'none' && (before !== null || after !== null) ? 'additive' : read.kind;
	return { ...read, kind: padding === '' ? plain : 'padding', tensors, means };
}

function isCausal(fused: Fused): boolean {
	const { node, operator } = fused;
	const { causal } = operator;
	// one token of a decoder over the keys of an encoder
	if (operator.pastLength !== null && !hasPast(fused)) return false;
	if (reachOf(fused).after === 0) return true;
	return causal === true || (causal !== false && intOf(node, causal) === 1);
}

/** How many places before and after its own a query sees; null for all. */
export function reachOf({ node, operator }: Pick<Fused, 'node' | 'operator'>) {
	const [before, after] = operator.reachAttributes?.map((name) => intOf(node, name) ?? -1) ?? [];
	const limit = (places: number | undefined) =>
		places === undefined || places < 0 ? null : places;
	return { before: limit(before), after: limit(after) };
}

/** What padding adds to the scores; where it cannot be derived the input as it is, its axes unknown. */
function paddingOf(fused: Fused, padding: string, keys: SiteTensor | null): SiteTensor {
	const { node, operator, facts, derivation } = fused;
	const rank = facts.rankOf(padding);
	const unknown = { name: padding, axes: '' };
	if (!derivation || rank === null || facts.dtypeOf(padding) === 'bool' || !operator.runs) return unknown; // prettier-ignore
	const standard = operator.domains.includes('');
	const fill = standard ? LOWEST : (floatOf(node, 'mask_filter_value') ?? FILTER);
	if (rank === 2 || rank === 3) {
		const seen = derivation.node('Cast', [padding], { to: int(9) });
		return { name: hiding(seen, fill, derivation), axes: rank === 2 ? 'BS' : 'BTS' };
	}
	if (rank !== 1 || !keys) return unknown;
	return { name: hiding(inReach(fused, padding, keys, derivation), fill, derivation), axes: 'BS' };
}

function hiding(seen: string, fill: number, derivation: Derivation): string {
	const one = derivation.scalar('float32', 1);
	const less = derivation.node('Sub', [derivation.float(seen), one]);
	return derivation.node('Mul', [less, derivation.scalar('float32', -fill)]);
}

/** `[B, S]` from where each sequence ends, and where it starts, if that follows in the same tensor. */
function inReach(fused: Fused, bounds: string, keys: SiteTensor, derivation: Derivation): string {
	const whole = derivation.node('Cast', [bounds], { to: int(7) });
	const count = derivation.pick(derivation.node('Shape', [keys.name]), 0, keys.axes.indexOf('S'));
	const [zero, one] = [derivation.scalar('int64', 0), derivation.scalar('int64', 1)];
	const places = derivation.node('Range', [zero, count, one]);
	const sequences = derivation.sizeOf(inputAt(fused, 0), 0);
	const stretch = (from: string, to: string) => {
		const list = derivation.join([whole, derivation.node('Sub', [whole, whole])], 0);
		const part = derivation.node('Slice', [list, from, to, derivation.int64([0])]);
		return derivation.node('Less', [places, derivation.reshape(part, [-1, 1])]);
	};
	const ended = stretch(derivation.int64([0]), sequences);
	if (!/^Q?Attention$/.test(fused.operator.operator) || fused.operator.domains.includes('')) return ended; // prettier-ignore
	const twice = derivation.node('Add', [sequences, sequences]);
	const early = stretch(sequences, twice);
	return derivation.node('And', [ended, derivation.node('Not', [early])]);
}
