import type { DataExport } from '../../../view-api/view.ts';
import { lossesOf, type OwnText } from './own-text.ts';
import { textSentence } from './text-layout.ts';

/** Every token as a row; the recalled ones and the two mean losses as JSON. */
export function exportText(text: OwnText): DataExport {
	const sources = new Map(text.hits.map(({ at, sourceAt }) => [at, sourceAt]));
	const lines = Array.from(
		text.ids,
		(id, at) =>
		[at, id, JSON.stringify(text.words[at]), text.losses[at], text.said[at], sources.get(at) ?? ''].join(','), // prettier-ignore
	);
	return {
		csv: `position,id,token,loss,said,last_seen_at\n${lines.join('\n')}\n`,
		json: { description: textSentence(text), meanLoss: lossesOf(text), hits: text.hits },
	};
}
