import type { Override, OtherRun, ViewContext } from '../../view-api/view.ts';
import { edited, type Edit } from './edit.ts';
import { otherInput } from './other-input.ts';

/**
 * Runs the model with edits in place, each made on what the model computes with those before it.
 *
 * @returns the run, which the caller releases
 * @throws EditError, or RunError naming what cannot be read or replaced
 */
export async function runEdited(
	context: ViewContext,
	edits: readonly Edit[],
	taps: readonly string[],
): Promise<OtherRun> {
	return await context.again({ taps, overrides: await overridesOf(context, edits) });
}

/** What an edited run puts in the place of its tensors. @throws as `runEdited` */
export async function overridesOf(
	context: ViewContext,
	edits: readonly Edit[],
): Promise<Override[]> {
	const overrides = new Map<string, Override>();
	for (const edit of edits) {
		context.signal.throwIfAborted();
		const before =
			overrides.get(edit.tensor) ?? (await own(context, edit, [...overrides.values()]));
		const patch = edit.what === 'patch' ? await fromOther(context, edit) : undefined;
		const values = edited(before.values, before.shape, edit, patch);
		overrides.set(edit.tensor, { ...before, values });
	}
	return [...overrides.values()];
}

/** The tensor as the model computes it with the edits so far. */
async function own(
	context: ViewContext,
	{ tensor }: Edit,
	overrides: readonly Override[],
): Promise<Override> {
	return await readFrom(await context.again({ taps: [tensor], overrides }), tensor);
}

async function fromOther(context: ViewContext, { tensor, source }: Edit): Promise<Float32Array> {
	const input = otherInput(context.input, source);
	return (await readFrom(await context.again({ taps: [tensor], input }), tensor)).values;
}

async function readFrom(run: OtherRun, name: string): Promise<Override> {
	try {
		const tensor = await run.tensor(name);
		const values = (await tensor.read()).slice();
		return { tensor: name, dtype: tensor.dtype, shape: tensor.shape, values };
	} finally {
		run.release();
	}
}
