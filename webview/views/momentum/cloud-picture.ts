import { cloudShape } from '../../../kernels/momentum-attention/momentum-attention.ts';
import type { Mark, Role, Size } from '../../view-api/scene.ts';
import type { Order } from './cloud-setup.ts';
import type { Box } from './depth-picture.ts';

/** Two standard deviations hold 86 % of a Gaussian in the plane. */
const ELLIPSE = 2;
const POINTS = 72;

export const roleOf = (order: Order): Role => ({ series: order === 'first' ? 1 : 0 });

/** The particles of one frame, seen from the middle; the half side is `reach`. */
export function cloudPicture(
	x: Float32Array,
	start: Float32Array,
	order: Order,
	reach: number,
	elliptic: boolean,
	box: Box,
): Mark[] {
	const scale = Math.min(box.width, box.height) / 2 / reach;
	const at = (a: number, b: number): [number, number] => [
		box.x + box.width / 2 + a * scale,
		box.y + box.height / 2 - b * scale,
	];
	const count = x.length / 2;
	const xy = new Float32Array(x.length);
	for (let i = 0; i < count; i++) xy.set(at(x[i * 2]!, x[i * 2 + 1]!), i * 2);
	return [
		{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
		{ kind: 'line', points: ellipseOf(start).map(([a, b]) => at(a, b)), stroke: 'faint', width: 1, dash: [4, 3] }, // prettier-ignore
		{ kind: 'dots', xy, radius: count > 1000 ? 1.2 : count > 300 ? 1.8 : 2.6, fill: roleOf(order), opacity: 0.8 }, // prettier-ignore
		...(elliptic ? [{ kind: 'line', points: ellipseOf(x).map(([a, b]) => at(a, b)), stroke: 'text', width: 1.5 } as const] : []), // prettier-ignore
	];
}

/** Half the side that shows everything of some frames. */
export function reachOfFrames(frames: readonly Float32Array[]): number {
	let reach = 1;
	for (const frame of frames) for (const value of frame) reach = Math.max(reach, Math.abs(value));
	return reach * 1.06;
}

/** The ellipse at two standard deviations; none for a cloud without extent. */
function ellipseOf(x: Float32Array): [number, number][] {
	try {
		const { mean, covariance } = shapeOf(x);
		const [a, b, c] = [covariance[0]!, covariance[1]!, covariance[3]!];
		const l11 = Math.sqrt(a);
		const l21 = b / l11;
		const l22 = Math.sqrt(Math.max(0, c - l21 * l21));
		return Array.from({ length: POINTS + 1 }, (_, at) => {
			const angle = (2 * Math.PI * at) / POINTS;
			const [u, v] = [ELLIPSE * Math.cos(angle), ELLIPSE * Math.sin(angle)];
			return [mean[0]! + l11 * u, mean[1]! + l21 * u + l22 * v];
		});
	} catch {
		return [];
	}
}

function shapeOf(x: Float32Array) {
	return cloudShape(Float64Array.from(x), { particles: x.length / 2, width: 2 });
}

export interface Whitened {
	/** Shares of the particles, in bins of equal width from 0 on. */
	readonly bins: readonly number[];
	readonly kurtosis: number;
}

const BINS = 16;
const LARGEST = 4;

/** Whitened radii of a cloud; undefined for one without extent. */
export function whitenedOf(x: Float32Array): Whitened | undefined {
	try {
		const { whitenedRadii, kurtosis } = shapeOf(x);
		const bins = new Array<number>(BINS).fill(0);
		for (const radius of whitenedRadii) bins[Math.min(BINS - 1, Math.floor((radius / LARGEST) * BINS))]! += 1 / whitenedRadii.length; // prettier-ignore
		return { bins, kurtosis };
	} catch {
		return undefined;
	}
}

/** The radii of now as bars, those of the start as an outline. */
export function radiiPicture(
	now: Whitened,
	start: Whitened,
	order: Order,
	box: Box,
	size: Size,
): Mark[] {
	// prettier-ignore
	const top = Math.max(...now.bins, ...start.bins);
	const width = box.width / BINS;
	const height = (share: number) => (share / top) * box.height;
	const outline = start.bins.flatMap((share, at): [number, number][] => {
		const y = box.y + box.height - height(share);
		return [[box.x + at * width, y], [box.x + (at + 1) * width, y]]; // prettier-ignore
	});
	const label = { kind: 'text', y: box.y + box.height + size.lineHeight * 0.6, fill: 'muted', size: 'small' } as const; // prettier-ignore
	return [
		...now.bins.map((share, at): Mark => ({ kind: 'rect', x: box.x + at * width, y: box.y + box.height - height(share), width: Math.max(1, width - 1), height: height(share), fill: roleOf(order), opacity: 0.7 })), // prettier-ignore
		{ kind: 'line', points: outline, stroke: 'text', width: 1.5 },
		{ ...label, x: box.x, text: '0' },
		{ ...label, x: box.x + box.width / 2, text: 'whitened radius', align: 'middle' },
		{ ...label, x: box.x + box.width, text: String(LARGEST), align: 'end' },
	];
}
