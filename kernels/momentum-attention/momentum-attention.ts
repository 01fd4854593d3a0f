/**
 * Attention with momentum: tokens as particles with velocity. The practical block's exact matrix, the blocks
 * themselves, the particle systems behind them, and integrators that know no forces.
 *
 * @see Stein, Li and Steidl, "SympFormer", arXiv:2603.16535; Zimin et al., "YuriiFormer", arXiv:2601.23236
 */
export { momentumAttention } from './block-attention.ts';
export type { BlockInputs, BlockOptions, BlockShape } from './block-inputs.ts';
export { cloudShape, type CloudShape } from './cloud.ts';
export { constantDamping, damping, nesterov, noDamping, type Damping } from './damping.ts';
export { exponentialEuler } from './exponential-euler.ts';
export {
	hamiltonianBlock,
	type HamiltonianStep,
	type HamiltonianWeights,
	type Stream,
} from './hamiltonian-block.ts';
export { layerNorm, type NormWeights } from './layer-norm.ts';
export {
	linearFlow,
	linearSystem,
	reducedFlow,
	reducedSystem,
	steinTerms,
	type LinearParameters,
} from './linear-system.ts';
export { normals } from './normals.ts';
export { prefixOracle, type PrefixOracle } from './prefix-oracle.ts';
export { race, standardStart, type RaceOptions, type RaceResult } from './race.ts';
export { rungeKutta } from './runge-kutta.ts';
export type { CloudSize } from './shape.ts';
export {
	softmaxFlow,
	softmaxFlowOnDevice,
	softmaxSystem,
	softmaxSystemOnDevice,
	type SoftmaxParameters,
} from './softmax-system.ts';
export {
	advance,
	advanceOnDevice,
	type DeviceSystem,
	type Energy,
	type Integrator,
	type MomentumSystem,
	type Phase,
	type Rates,
	type Step,
	type Wanted,
} from './step.ts';
export { strang } from './strang.ts';
export { symplecticEuler } from './symplectic-euler.ts';
export { yuriiBlock, type YuriiBlock, type YuriiScalars } from './yurii-block.ts';
