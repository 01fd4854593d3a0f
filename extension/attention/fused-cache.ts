import type { SiteTensor } from '../protocol/model.ts';
import type { Derivation } from './derivation.ts';
import { intOf } from './flat-node.ts';
import { inputAt, type Fused } from './fused-node.ts';

/** Half a byte without a sign stands for a number of that many less. */
const MIDDLE = 8;

/** The numbers that keys or values of a cache stand for: whole ones times a scale, two in a byte where they have four bits. */
export function cached(
	{ name, axes }: SiteTensor,
	which: 0 | 1,
	fused: Fused,
	derivation: Derivation,
): SiteTensor {
	const scale = inputAt(fused, fused.operator.cacheScales?.[which]);
	if (scale === '') return { name, axes };
	const stored = derivation.float(name);
	const whole = intOf(fused.node, 'kv_cache_bit_width') === 4 ? halves(stored, derivation) : stored;
	return { name: derivation.node('Mul', [whole, derivation.float(scale)]), axes };
}

/** `[B, H, S, K / 2]` bytes to `[B, H, S, K]`, the lower half first. */
function halves(bytes: string, derivation: Derivation): string {
	const [sixteen, middle] = [16, MIDDLE].map((size) => derivation.scalar('float32', size));
	const upper = derivation.node('Floor', [derivation.node('Div', [bytes, sixteen!])]);
	const lower = derivation.node('Sub', [bytes, derivation.node('Mul', [upper, sixteen!])]);
	const beside = derivation.join(
		[lower, upper].map((half) => derivation.reshape(half, [0, 0, 0, -1, 1])),
		4,
	);
	return derivation.node('Sub', [derivation.reshape(beside, [0, 0, 0, -1]), middle!]);
}
