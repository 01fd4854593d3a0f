import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { idsOf, readOwnText, type OwnText } from './text/own-text.ts';
import { tokenModel, type TokenModel } from './token-model.ts';

/** What the probe knows of the model before it asks anything. */
export interface RecallData {
	readonly name: string;
	readonly tokenModel: TokenModel;
	/** Tokens that the model knows: the width of its logits. */
	readonly vocabulary: number;
	readonly sites: readonly AttentionSite[];
	/** The run's own input, as a text. */
	readonly text: OwnText;
}

/** Reads the vocabulary off the run's logits. */
export async function computeRecall(context: ViewContext): Promise<RecallData> {
	const { model } = context;
	const found = tokenModel(model);
	if (!found) throw new Error('This model maps no token ids to logits.');
	const logits = await context.tensor(found.logits.name);
	const vocabulary = logits.shape.at(-1) ?? 0;
	const ids = idsOf(context.input, found.ids.name);
	const own = (await logits.read()).subarray(0, ids.length * vocabulary);
	return {
		name: model.name,
		tokenModel: found,
		vocabulary,
		sites: model.sites,
		text: readOwnText(ids, context.tokens, own),
	};
}
