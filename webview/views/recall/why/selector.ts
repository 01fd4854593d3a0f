import type { AttentionSite } from '../../../../extension/protocol/model.ts';
import type { MqarExample, MqarQuery } from '../../../../kernels/recall/recall.ts';
import type { OtherRun, ViewContext } from '../../../view-api/view.ts';
import type { RecallData } from '../compute.ts';
import { runTokens } from '../probe.ts';
import { answerAt } from './answer-at.ts';
import type { Try } from './cause.ts';

/** What the layer's result is multiplied by at a token of the first sequence; null where nothing selects. */
export async function readSelector(
	run: OtherRun,
	{ tensors }: AttentionSite,
	at: number,
): Promise<number | null> {
	const selector = tensors['selector'];
	if (!selector) return null;
	const tensor = await run.tensor(selector.name);
	// `BT1` or `BT`: the first sequence comes first
	return (await tensor.read())[at] ?? null;
}

/** The answer with the query selected, for one that was not. */
export async function trySelecting(
	context: ViewContext,
	{ tokenModel }: RecallData,
	run: OtherRun,
	{ tensors }: AttentionSite,
	selector: number | null,
	{ example, query }: { readonly example: MqarExample; readonly query: MqarQuery },
): Promise<Try[]> {
	if (selector !== 0) return [];
	const tensor = await run.tensor(tensors['selector']!.name);
	const { name, dtype, shape } = tensor;
	const values = Float32Array.from(await tensor.read());
	values[query.queryAt] = 1;
	const rows = Array.from({ length: tokenModel.batch ?? 1 }, () => example.tokens);
	const again = await runTokens(context, tokenModel, rows, {
		overrides: [{ tensor: name, dtype, shape, values }],
	});
	const answer = answerAt(again, 0, example, query);
	again.release();
	return [{ repair: 'selected', ...answer }];
}
