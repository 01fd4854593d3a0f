import type { ModelSummary, SiteTensor } from '../../../extension/protocol/model.ts';
import type { TensorEntry } from '../../../extension/protocol/tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { idsOf } from './other-input.ts';

/** More are found by their full name only. */
export const MOST_LISTED = 5000;

/** What a site says of a tensor. */
export interface Role {
	readonly site: string;
	/** `layer 0` */
	readonly layer: string;
	readonly role: string;
	readonly axes: string;
	readonly heads: number | null;
}

export interface TensorsData {
	/** Float tensors in graph order, the first `MOST_LISTED`. */
	readonly tensors: readonly TensorEntry[];
	readonly total: number;
	/** The model's float outputs. */
	readonly outputs: readonly string[];
	/** By tensor name: what the sites say of it. */
	readonly roles: Readonly<Record<string, Role>>;
	/** The tensor to show first. */
	readonly first: string;
	readonly tokens: readonly string[];
	/** The run was given token ids, so that other ids can be tried. */
	readonly hasIds: boolean;
	readonly backend: ViewContext['chosen'];
	/** WebGPU can be asked for, to compare. */
	readonly hasGpu: boolean;
}

export async function computeTensors(context: ViewContext): Promise<TensorsData> {
	const { model, input, chosen, tokens } = context;
	const { tensors, total } = await context.findTensors({ words: '', from: 0, most: MOST_LISTED });
	const outputs = model.outputs.filter(({ dtype }) => /float/.test(dtype)).map(({ name }) => name);
	const roles = rolesOf(model);
	return {
		tensors,
		total,
		outputs,
		roles,
		first: firstOf(model, outputs, tensors),
		tokens,
		hasIds: idsOf(input) !== undefined,
		backend: chosen,
		hasGpu: chosen.backend === 'webgpu',
	};
}

function firstOf(
	{ sites }: ModelSummary,
	outputs: readonly string[],
	tensors: readonly TensorEntry[],
): string {
	const known = new Set(tensors.map(({ name }) => name));
	const ofSites = sites.map(({ tensors: by }) => by['output']?.name ?? '');
	return (
		[...ofSites, ...outputs].find((name) => known.has(name)) ?? outputs[0] ?? tensors[0]?.name ?? ''
	);
}

function rolesOf({ sites }: ModelSummary): Record<string, Role> {
	const entries = sites.flatMap(({ id, layer, heads, tensors }) =>
		Object.entries(tensors)
			.filter((entry): entry is [string, SiteTensor] => entry[1] !== null)
			.map(([role, { name, axes }]) => {
				const known: Role = {
					site: id,
					layer: layer === null ? id : `layer ${layer}`,
					role,
					axes,
					heads,
				};
				return [name, known] as const;
			}),
	);
	// where a tensor plays several roles the first site's first role is the one to call it by
	return Object.fromEntries(entries.toReversed());
}
