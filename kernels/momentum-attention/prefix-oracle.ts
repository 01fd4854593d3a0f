import { arrayOf, indexOf } from '../common/tensors.ts';
import {
	checkBlock,
	type BlockInputs,
	type BlockOptions,
	type BlockShape,
} from './block-inputs.ts';
import { operator } from './shape.ts';

/** What the prefix oracle knows of every token, in float64. Symbols: README.md. */
export interface PrefixOracle {
	/** `z_i = (1/i) Σ_{j≤i} E_ij`, `[B, T]`: of the prefix alone, so that no later token and no length enters. */
	readonly mass: Float64Array;
	/** `s_i = ⟨c_B p_i, p_i⟩ / (z_i² + ε)`, `[B, T]`: the momentum's share in the force. */
	readonly share: Float64Array;
	/** Row i of M, `M_ij = E_ij (s_i + s_j + 2) / 2i` for j ≤ i, 0 after: T numbers. */
	row(batch: number, t: number): Float64Array;
	/** `Σ_j M_ij v_j`, `[B, T, D]`: the force before the block's output projection. */
	force(): Float64Array;
}

/** The block's tensors, read by batch, token and channel, q and k by head as well. */
export interface OracleReaders {
	q(b: number, h: number, t: number, d: number): number;
	k(b: number, h: number, t: number, d: number): number;
	v(b: number, t: number, d: number): number;
	momentum(b: number, t: number, d: number): number;
	moved(b: number, t: number, d: number): number;
}

/**
 * The strictly causal force of the practical Hamiltonian block.
 *
 * @throws KernelError `shape` when something does not fit, `device` for tensors on a GPU
 * @see Stein, Li and Steidl, arXiv:2603.16535; README.md for what differs from the first public code
 */
export function prefixOracle(
	inputs: BlockInputs,
	shape: BlockShape,
	options: BlockOptions = {},
): PrefixOracle {
	checkBlock(inputs, shape, options);
	const heads = (name: 'q' | 'k') => {
		const tensor = inputs[name];
		const data = arrayOf(operator, name, tensor);
		return (b: number, h: number, t: number, d: number) => data[indexOf(tensor, b, h, t, d)]!;
	};
	const tokens = (name: 'v' | 'momentum' | 'moved') => {
		const tensor = inputs[name];
		const data = arrayOf(operator, name, tensor);
		return (b: number, t: number, d: number) => data[indexOf(tensor, b, 0, t, d)]!;
	};
	const read = {
		...{ q: heads('q'), k: heads('k') },
		...{ v: tokens('v'), momentum: tokens('momentum'), moved: tokens('moved') },
	};
	return oracleOf(read, shape, options);
}

/** The same from any source of numbers. */
export function oracleOf(
	read: OracleReaders,
	{ B, H, T, K, D }: BlockShape,
	{ clamp = 60, epsilon = 1e-6 }: BlockOptions,
): PrefixOracle {
	const kernel = (b: number, i: number, j: number) => {
		let score = 0;
		for (let h = 0; h < H; h++) {
			for (let d = 0; d < K; d++) score += read.q(b, h, i, d) * read.k(b, h, j, d);
		}
		score /= H * Math.sqrt(K);
		return Math.exp(Math.min(clamp, Math.max(-clamp, score)));
	};
	const mass = new Float64Array(B * T);
	const share = new Float64Array(B * T);
	for (let b = 0; b < B; b++) {
		for (let i = 0; i < T; i++) {
			let [sum, quadratic] = [0, 0];
			for (let j = 0; j <= i; j++) sum += kernel(b, i, j);
			for (let d = 0; d < D; d++) quadratic += read.moved(b, i, d) * read.momentum(b, i, d);
			mass[b * T + i] = sum / (i + 1);
			share[b * T + i] = quadratic / (mass[b * T + i]! ** 2 + epsilon);
		}
	}
	const row = (b: number, i: number) =>
		Float64Array.from({ length: T }, (_, j) => {
			if (j > i) return 0;
			const shares = share[b * T + i]! + share[b * T + j]! + 2;
			return (kernel(b, i, j) * shares) / (2 * (i + 1));
		});
	return {
		mass,
		share,
		row,
		force() {
			const force = new Float64Array(B * T * D);
			for (let b = 0; b < B; b++) {
				for (let i = 0; i < T; i++) {
					row(b, i).forEach((weight, j) => {
						if (weight === 0) return;
						for (let d = 0; d < D; d++) {
							force[(b * T + i) * D + d]! += weight * read.v(b, j, d);
						}
					});
				}
			}
			return force;
		},
	};
}
