import type { Proof } from '../../../extension/protocol/run.ts';
import { magnitude, percent } from '../../view-api/format.ts';
import { bytesText, type Account } from './account.ts';
import type { RoutedLayer } from './compute.ts';
import type { Try } from './detail.ts';

/** A number with its name; whether it is as it must be, where it is a proof. */
export type Fact = readonly [name: string, value: string, good?: boolean];

/** What the layer holds, what proves the picture, and which identities forced routes keep. */
export function factLines(
	{ name, proofs }: RoutedLayer,
	{ rows, allRows, keptBytes, stateBytes }: Account,
	tried: Try | undefined,
): Fact[] {
	const share = percent(rows / allRows).replace(' %', '\u00a0%');
	return [
		[`${name} keeps`, `${rows.toLocaleString('en-US')} of ${allRows.toLocaleString('en-US')} KV rows (${share}), ${bytesText(keptBytes)} + ${bytesText(stateBytes)} state`], // prettier-ignore
		['softmax branch', proofText(proofs[0]), proofs[0].verified],
		['state branch', proofText(proofs[1]), proofs[1].verified],
		...(tried?.identities ?? []).map(({ name: layer, is, apart, holds }): Fact => [
			`forced ${layer}`,
			`${holds ? '✓ equals' : '✗ differs from'} ${is}, ${magnitude(apart)}`,
			holds,
		]),
	];
}

export function proofText({ residual, verified }: Proof): string {
	const size = residual === null ? '' : ` ${magnitude(residual)}`;
	return `${verified ? '✓ verified' : '✗ not verified'}${size}`;
}
