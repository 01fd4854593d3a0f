import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { ReadsTensors } from './named-tensor.ts';

/**
 * Largest ‖M·V − O‖ ÷ ‖O‖ of a verified picture. The model and the kernels both work in float32 but add up in another order; on
 * the sample they differ by about 3e-7, on a software GPU as on a CPU.
 */
export const TOLERANCE = 1e-4;

/**
 * The same where values and result are float16: each of the roundings of scores, weights and result is up to 4.9e-4
 * (2⁻¹¹). Measured on the runtime's WASM kernels: 2.0e-4 to 5.1e-4.
 */
const FLOAT16_TOLERANCE = 2e-3;

/** How near a site's picture must come to the model's own output, by the precision that the model has there. */
export async function toleranceOf(context: ReadsTensors, site: AttentionSite): Promise<number> {
	const names = ['v', 'output'].flatMap((role) => site.tensors[role]?.name ?? []);
	const tensors = await Promise.all(names.map((name) => context.tensor(name)));
	return tensors.some(({ dtype }) => dtype === 'float16') ? FLOAT16_TOLERANCE : TOLERANCE;
}
