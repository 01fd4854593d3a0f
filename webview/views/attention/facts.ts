import type { Proof } from '../../../extension/protocol/run.ts';
import { magnitude, percent, significant } from '../../view-api/format.ts';
import type { Mark, Role } from '../../view-api/scene.ts';
import { patternTag } from './sentence.ts';
import type { Shown } from './shown.ts';

/** Whether the picture is proved, in a few words; `residual` of the part that is shown. */
export function proofMark(proof: Proof, residual: number): { text: string; fill: Role } {
	if (proof.verified) return { text: `✓ verified ${magnitude(residual)}`, fill: 'good' };
	if (proof.residual === null) return { text: '✗ not verified', fill: 'warning' };
	return { text: `✗ not verified: ${magnitude(residual)}`, fill: 'warning' };
}

/** The numbers of the chosen head, as two columns. */
export function headFacts({ geometry, picture, measured, summary, state, size }: Shown): Mark[] {
	const { x, y, width } = geometry.facts;
	const residual = measured.residuals[state.batch * measured.H + state.head]!;
	const rows: [string, string][] = [
		['pattern', patternTag(summary)],
		[
			measured.signed ? 'largest weight’s share, mean' : 'largest weight, mean',
			significant(summary.largest),
		],
		['entropy, mean', `${significant(summary.entropy)} nats`],
		['reach, mean', `${significant(summary.reach)} tokens`],
		...(measured.signed
			? ([['below zero, mean', percent(summary.negative)]] as [string, string][])
			: []),
		['‖M·V − O‖ ÷ ‖O‖', `${magnitude(residual)} (limit ${magnitude(picture.proof.tolerance)})`],
		...(picture.proof.probabilities === null
			? []
			: ([['‖M − P‖ ÷ ‖P‖, P the operator’s own', magnitude(picture.proof.probabilities)]] as [
					string,
					string,
				][])),
	];
	return rows.flatMap(([name, value], at): Mark[] => {
		const line = {
			kind: 'text',
			y: y + (at + 0.5) * size.lineHeight * 1.15,
			size: 'small',
		} as const;
		return [
			{ ...line, x, text: name, fill: 'muted', maxWidth: width * 0.55 },
			{ ...line, x: x + width, text: value, fill: 'text', align: 'end', maxWidth: width * 0.6 },
		];
	});
}
