import { counted, percent } from '../../view-api/format.ts';
import { accountOf } from './account.ts';
import type { Difference } from './answers.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Chunks that hold the first copy of a token that an answer is expected of later; empty where that is not known. */
export function askedChunks(
	{ tokens, base }: RoutingData,
	{ T, routes }: RoutedLayer,
): Set<number> {
	const chunks = new Set<number>();
	if (tokens.length !== T || base.asked === 0) return chunks;
	for (const position of base.positions) {
		const first = tokens.indexOf(tokens[position]!);
		if (first < position) chunks.add(Math.floor(first / routes.C));
	}
	return chunks;
}

/** What a layer keeps, in one sentence, every figure counted. */
export function layerSentence(data: RoutingData, layer: RoutedLayer): string {
	const { H, routes, name } = layer;
	const { kept, N } = routes;
	const account = accountOf(layer, kept);
	const cells = Array.from(kept);
	const chosen = cells.filter((one) => one === 1).length;
	const asked = askedChunks(data, layer);
	const holding = cells.filter((one, at) => one === 1 && asked.has(at % N)).length;
	const needed = asked.size * H;
	const pairs =
		asked.size === 0 || chosen === 0
			? ''
			: `; ${percent(holding / chosen)} of the kept chunks hold a token that is asked for later, and ${holding} of the ${needed} such chunks are kept`;
	return (
		`${capital(name)} keeps ${percent(account.share)} of its ${counted(N * H, 'chunk')} exactly ` +
		`(KV ${account.rows.toLocaleString('en-US')} of ${account.allRows.toLocaleString('en-US')} rows) and folds the others into a state${pairs}.`
	);
}

/** What forcing did to the model's answers. */
export function trySentence({ base }: RoutingData, name: string, result: Difference): string {
	const { asked, right, changed, firstChange } = result;
	const score =
		asked > 0 ? `${right} of ${asked} answers are right (${base.right} unforced), ` : '';
	const differ =
		firstChange < 0
			? 'and no logit changes'
			: `${counted(changed.length, 'answer')} of ${base.positions.length} change, and nothing before token ${firstChange} does`;
	return `${capital(name)}: ${score}${differ}.`;
}
