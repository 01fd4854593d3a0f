import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { tokenModel, type TokenModel } from './token-model.ts';

/** What the probe knows of the model before it asks anything. */
export interface RecallData {
	readonly name: string;
	readonly tokenModel: TokenModel;
	/** Tokens that the model knows: the width of its logits. */
	readonly vocabulary: number;
	readonly sites: readonly AttentionSite[];
}

/** Reads the vocabulary off the run's logits. */
export async function computeRecall(context: ViewContext): Promise<RecallData> {
	const { model } = context;
	const found = tokenModel(model);
	if (!found) throw new Error('This model maps no token ids to logits.');
	const { shape } = await context.tensor(found.logits.name);
	return {
		name: model.name,
		tokenModel: found,
		vocabulary: shape.at(-1) ?? 0,
		sites: model.sites,
	};
}
