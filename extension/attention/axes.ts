import { basesOf, type Labels } from './carry.ts';
import type { Facts } from './facts.ts';
import type { HeadCount, ScoreOperands } from './heads.ts';
import { contracted } from './product.ts';
import type { ValuePath } from './value-path.ts';

/** Axis letters of each role; empty where they could not be worked out. */
export interface RoleAxes {
	readonly q: string;
	readonly k: string;
	readonly v: string;
	readonly scores: string;
	readonly output: string;
	/** The letters of the scores' axes where a mask acts, from its labels; empty where they are unknown. */
	readonly spelled: (labels: Labels) => string;
}

type Letters = ReadonlyMap<string, string>;

/** Names the axes of q, k, v, scores and output by following labels through both products. */
export function axesOfRoles(
	operands: ScoreOperands,
	value: ValuePath,
	scoreLabels: Labels,
	keyLabel: string | null,
	count: HeadCount,
	facts: Facts,
): RoleAxes {
	const { q, k, qLabels, kLabels } = operands;
	const unknown = { q: '', k: '', v: '', scores: '', output: '', spelled: () => '' };
	if (!qLabels || !kLabels || keyLabel === null) return unknown;
	const letters = scoreLetters(operands, keyLabel, count);
	const shapeOf = (name: string) => facts.shapeOf(name);
	const weightLetters = value.labels?.map((label) => letterOf(label, letters)) ?? null;
	const mixed = weightLetters && valueLetters(value, weightLetters);
	return {
		q: spell(qLabels, letters, shapeOf(q)),
		k: spell(kLabels, letters, shapeOf(k)),
		v: mixed ? spell(mixed.valueLabels, mixed.letters, shapeOf(value.values)) : '',
		scores: spell(scoreLabels?.map((label) => letterOf(label, letters)) ?? [''], null, null),
		output: mixed ? spell(value.product.outputLabels ?? [], mixed.letters, null) : '',
		spelled: (labels) =>
			labels
				? spell(
						labels.map((label) => letterOf(label, letters)),
						null,
						null,
					)
				: '',
	};
}

function scoreLetters(operands: ScoreOperands, keyLabel: string, count: HeadCount): Letters {
	const letters = new Map<string, string>([['1', '1']]);
	const { batch } = operands;
	const batchLetters =
		{
			0: '',
			1: count.merged ? 'H' : 'B',
			2: count.headsFirst ? 'HB' : 'BH',
			// windows of a batch follow each other as its sequences do
			3: count.ofWindows ? { between: 'BBH', behind: 'BHB' }[count.ofWindows] : 'BGH',
		}[batch.length] ?? '';
	batch.forEach((label, at) => letters.set(label, batchLetters[at] ?? ''));
	for (const label of operands.contracted) letters.set(label, 'K');
	for (const label of operands.qLabels ?? [])
		if (!letters.has(label) && operands.kLabels?.includes(label)) letters.set(label, '1');
	for (const label of operands.kLabels ?? []) if (!letters.has(label)) letters.set(label, 'S');
	for (const label of operands.qLabels ?? []) if (!letters.has(label)) letters.set(label, 'T');
	for (const label of basesOf(keyLabel)) letters.set(label, 'S');
	return letters;
}

/** One letter for an axis that may be merged of several: batch and heads together count as heads. */
function letterOf(label: string, letters: Letters): string {
	if (label.startsWith('+')) return '1';
	const found = [...new Set(basesOf(label).map((base) => letters.get(base) ?? ''))];
	const [only = ''] = found;
	if (found.length === 1) return label.includes('/') ? splitLetter(label, only, letters) : only;
	return found.every((letter) => 'BGH'.includes(letter)) ? 'H' : '';
}

/** `[B·H, ...]` split again gives B, then H; `[T·H, ...]`, of heads that stand beside the tokens, T, then H. */
const splitLetter = (label: string, letter: string, letters: Letters) => {
	const known = new Set(letters.values());
	if (letter === 'T' && !known.has('H')) return label.endsWith('/0') ? 'T' : 'H';
	if ((letter !== 'H' && letter !== 'B') || (known.has('H') && known.has('B'))) return letter;
	return label.endsWith('/0') ? 'B' : 'H';
};

function valueLetters(value: ValuePath, weightLetters: readonly string[]) {
	const { product } = value;
	const weightsLeft = product.left === value.weights;
	const own = weightsLeft ? product.leftLabels : product.rightLabels;
	const valueLabels = weightsLeft ? product.rightLabels : product.leftLabels;
	if (own?.length !== weightLetters.length || !valueLabels) return null;
	const letters = new Map<string, string>([['1', '1']]);
	own.forEach((label, axis) => letters.set(label, weightLetters[axis]!));
	const summed = contracted(product);
	for (const label of valueLabels) {
		if (!letters.has(label)) letters.set(label, summed.includes(label) ? 'S' : 'V');
	}
	return { letters, valueLabels };
}

/** The letters of an axis list; `letters` is null where the labels are letters already. */
function spell(
	labels: readonly string[],
	letters: Letters | null,
	shape: readonly unknown[] | null,
): string {
	const spelt = labels.map((label, axis) => {
		const letter = letters === null ? label : (letters.get(label) ?? '');
		return shape?.[axis] === 1 && 'BGH'.includes(letter) && letter !== 'B' ? '1' : letter;
	});
	return spelt.includes('') ? '' : spelt.join('');
}
