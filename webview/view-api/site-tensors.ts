import type { AttentionSite, SiteTensor } from '../../extension/protocol/model.ts';
import type { FloatSource, Strided, Strides } from '../../kernels/common/tensors.ts';
import type { NamedTensor, ReadsTensors } from './named-tensor.ts';

/** A site's tensor cannot be used; the message says why, for the user. */
export class SiteTensorError extends Error {
	override readonly name = 'SiteTensorError';
}

/** A tensor of a site with what its axes mean. */
export interface ReadTensor {
	/** For messages, such as `q`. */
	readonly role: string;
	readonly tensor: NamedTensor;
	readonly axes: string;
}

/** Names of a site's tensors in the given roles, as far as it has them. */
export function tensorNames(site: AttentionSite, roles: readonly string[]): string[] {
	return roles.flatMap((role) => site.tensors[role]?.name ?? []);
}

/** @throws SiteTensorError where the graph or the run has no such tensor, or its axes are not known */
export async function siteTensor(
	context: ReadsTensors,
	site: AttentionSite,
	role: string,
): Promise<ReadTensor> {
	const found = site.tensors[role];
	if (!found) throw new SiteTensorError(`The graph has no tensor that can be read as ${role}.`);
	const tensor = await context.tensor(found.name);
	checkAxes(role, found, tensor);
	return { role, tensor, axes: found.axes };
}

function checkAxes(role: string, { name, axes }: SiteTensor, { shape }: NamedTensor): void {
	if (axes === '') {
		throw new SiteTensorError(`What the axes of ${role} (${name}) mean could not be worked out.`);
	}
	if (axes.length !== shape.length) {
		throw new SiteTensorError(
			`${role} (${name}) was expected with axes ${axes}, and the run gave shape [${shape.join(', ')}].`,
		);
	}
}

/** How many there are along an axis; 1 where the tensor has none of that letter. */
export function sizeOf({ axes, tensor }: ReadTensor, letters: string): number {
	return Array.from(axes).reduce(
		(size, letter, at) => (letters.includes(letter) ? size * tensor.shape[at]! : size),
		1,
	);
}

/** Where each of the four dimensions of an attention operator stands: a letter or several that follow each other. */
export interface AxisLetters {
	readonly head: string;
	readonly token: string;
	readonly channel: string;
}

/**
 * The tensor's data with the strides that read it as `[batch, head, token, channel]`. An axis that is missing or has one
 * element is repeated; `D`, heads and channels packed in one axis, is split by `heads`.
 *
 * @throws SiteTensorError where heads do not divide a packed axis
 */
export async function strided(
	read: ReadTensor,
	{ head, token, channel }: AxisLetters,
	heads: number,
	device: GPUDevice | undefined,
): Promise<Strided> {
	const steps = axisSteps(read);
	let channels = strideOf(read, steps, channel);
	let perHead = strideOf(read, steps, head);
	if (read.axes.includes('D')) {
		const packed = sizeOf(read, 'D');
		if (packed % heads !== 0) {
			throw new SiteTensorError(
				`${read.role} (${read.tensor.name}) packs ${packed} channels, which ${heads} heads cannot share evenly.`,
			);
		}
		channels = 1;
		perHead = packed / heads;
	}
	const strides: Strides = [
		strideOf(read, steps, 'B'),
		perHead,
		strideOf(read, steps, token),
		channels,
	];
	return { data: await sourceOf(read.tensor, device), strides };
}

/** On the device where it lies there, else read back. */
export async function sourceOf(
	tensor: NamedTensor,
	device: GPUDevice | undefined,
): Promise<FloatSource> {
	if (device && tensor.buffer && tensor.dtype === 'float32') {
		return { buffer: tensor.buffer, length: tensor.shape.reduce((size, side) => size * side, 1) };
	}
	return tensor.read();
}

function axisSteps({ tensor }: ReadTensor): number[] {
	let step = 1;
	return [...tensor.shape]
		.reverse()
		.map((size) => {
			const own = step;
			step *= size;
			return own;
		})
		.reverse();
}

/** Of several letters the innermost counts: what is outside of it follows in whole steps. */
function strideOf({ axes, tensor }: ReadTensor, steps: readonly number[], letters: string): number {
	for (let at = axes.length - 1; at >= 0; at--) {
		if (letters.includes(axes[at]!) && tensor.shape[at]! > 1) return steps[at]!;
	}
	return 0;
}
