import type { AttentionSite } from '../../extension/protocol/model.ts';
import { indexOf, laidOut, type Sizes, type Strided } from '../../kernels/common/tensors.ts';
import type {
	SoftmaxInputs,
	SoftmaxShape,
} from '../../kernels/softmax-attention/softmax-attention.ts';
import { maskRoles, readsMask } from '../view-api/attention-taps.ts';
import { siteTensor, sizeOf, strided, type ReadTensor } from '../view-api/site-tensors.ts';
import { withOneAxisEach } from './one-axis-each.ts';
import type { Tensors } from './site-shape.ts';

const letters = { head: 'HG', token: 'T', channel: 'S' };

/** A mask with what multiplies it before the softmax. */
interface Term {
	readonly read: ReadTensor;
	readonly factor: number;
}

/**
 * Every mask of a site that is a tensor of the run: those that are added as one sum, and those that say which scores
 * stay as one table of bytes. Nothing for a causal mask that is a rule.
 *
 * @param apart what differs between sequences: causality as a table, where it is no rule for all of them
 * @throws SiteTensorError where a mask is missing or its axes are not known
 */
export async function readMasks(
	{ tensor, device }: Tensors,
	site: AttentionSite,
	{ B, H, T, S }: Pick<SoftmaxShape, 'B' | 'H' | 'T' | 'S'>,
	apart?: SequenceLengths,
): Promise<Pick<SoftmaxInputs, 'additive' | 'allowed'>> {
	const causal = apart ? [lengthTable(site, apart, B, T, S)] : [];
	if (!readsMask(site)) {
		return causal.length > 0
			? { allowed: { tensor: await bothOf(causal, [B, H, T, S], site.maskMeans === 'hidden') } }
			: {};
	}
	// A site whose mask cannot be found says so
	const roles = maskRoles(site).length > 0 ? maskRoles(site) : ['mask'];
	const added: Term[] = [];
	const chosen: ReadTensor[] = [...causal];
	for (const role of roles) {
		const read = await withOneAxisEach(await siteTensor({ tensor }, site, role), { B, H, T, S });
		const boolean = read.tensor.dtype === 'bool' || (role === 'mask' && site.maskMeans !== null);
		if (boolean) chosen.push(read);
		else added.push({ read, factor: factorOf(site, read.tensor.name) });
	}
	const most: Sizes = [B, H, T, S];
	return {
		...(added.length > 0 && { additive: await sumOf(added, most, device) }),
		...(chosen.length > 0 && {
			allowed: { tensor: await bothOf(chosen, most, site.maskMeans === 'hidden') },
		}),
	};
}

/** Of each sequence. */
export interface SequenceLengths {
	/** How many keys stand before its first query; one number for all that are alike. */
	readonly before: readonly number[];
	/** How many of its queries are tokens; all where absent. Those behind see nothing. */
	readonly queries: readonly number[] | undefined;
}

/** `[B, T, S]`, in the site's own words: where a query sees a key, or where it does not. */
function lengthTable(
	{ mask, window, maskMeans }: AttentionSite,
	{ before, queries }: SequenceLengths,
	B: number,
	T: number,
	S: number,
): ReadTensor {
	const hides = maskMeans === 'hidden' ? 1 : 0;
	const table = new Float32Array(B * T * S).fill(hides);
	for (let b = 0; b < B; b++) {
		for (let t = 0; t < (queries?.[b] ?? T); t++) {
			const own = t + (before[b] ?? before[0]!);
			const first = window === null ? 0 : Math.max(0, own - window + 1);
			const end = mask === 'causal' ? Math.max(0, Math.min(S, own + 1)) : S;
			table.fill(1 - hides, (b * T + t) * S + first, (b * T + t) * S + end);
		}
	}
	const shape = [B, T, S];
	const read = () => Promise.resolve(table);
	const tensor = { name: 'past', dtype: 'bool', shape, buffer: undefined, read };
	return { role: 'past', tensor, axes: 'BTS' };
}

async function sumOf(
	terms: readonly Term[],
	most: Sizes,
	device: GPUDevice | undefined,
): Promise<Strided> {
	const [only] = terms;
	if (terms.length === 1 && only!.factor === 1) return strided(only!.read, letters, 1, device);
	const sizes = sizesOf(
		terms.map(({ read }) => read),
		most,
	);
	const sum = new Float32Array(sizes.reduce((a, b) => a * b, 1));
	for (const { read, factor } of terms) {
		await forEachCell(read, sizes, (value, at) => (sum[at]! += factor * value));
	}
	return broadcast(sum, sizes);
}

/** Bytes that are 1 where every table lets a query see. */
async function bothOf(
	tables: readonly ReadTensor[],
	most: Sizes,
	hides: boolean,
): Promise<Strided<Uint8Array<ArrayBuffer>>> {
	const sizes = sizesOf(tables, most);
	const seen = new Uint8Array(sizes.reduce((a, b) => a * b, 1)).fill(1);
	for (const table of tables) {
		await forEachCell(table, sizes, (value, at) => {
			if ((value !== 0) === hides) seen[at] = 0;
		});
	}
	return broadcast(seen, sizes);
}

/** As many along each axis as any of the masks has. */
function sizesOf(masks: readonly ReadTensor[], [B, H, T, S]: Sizes): Sizes {
	const wide = (axis: string, size: number) =>
		masks.some((mask) => sizeOf(mask, axis) > 1) ? size : 1;
	return [wide('B', B), wide('HG', H), wide('T', T), wide('S', S)];
}

async function forEachCell(
	mask: ReadTensor,
	sizes: Sizes,
	use: (value: number, at: number) => void,
): Promise<void> {
	const values = await mask.tensor.read();
	const { strides } = await strided(mask, letters, 1, undefined);
	const tensor = { data: values, strides };
	let at = 0;
	for (let b = 0; b < sizes[0]; b++) {
		for (let h = 0; h < sizes[1]; h++) {
			for (let t = 0; t < sizes[2]; t++) {
				for (let j = 0; j < sizes[3]; j++) use(values[indexOf(tensor, b, h, t, j)]!, at++);
			}
		}
	}
}

function broadcast<Data extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
	data: Data,
	sizes: Sizes,
): Strided<Data> {
	const strides = laidOut(new Float32Array(0), 'BHTK', sizes).strides;
	const [b, h, t, j] = strides.map((step, axis) => (sizes[axis] === 1 ? 0 : step));
	return { data, strides: [b!, h!, t!, j!] };
}

/** The graph's note of a mask that is multiplied on its way. */
function factorOf({ notes }: AttentionSite, name: string): number {
	const start = `${name} is multiplied by `;
	const note = notes.find((each) => each.startsWith(start));
	return note === undefined ? 1 : Number.parseFloat(note.slice(start.length));
}
