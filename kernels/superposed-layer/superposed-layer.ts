/**
 * Computation in superposition: more Boolean functions than neurons, as `W = R D`, a decompression followed
 * by a computation. Built networks, what a weight matrix alone gives back, and the phase diagram.
 *
 * @see Adler and Shavit, "On the Complexity of Neural Computation in Superposition", arXiv:2409.15318
 */
export {
	buildLayer,
	channelOverlap,
	channelReadOut,
	computationOf,
	decompressionOf,
	drawCompression,
	drawDisjointWiring,
	drawWiring,
	loadOf,
	type Layer,
	type Wiring,
} from './build.ts';
export {
	codeMetrics,
	codeMetricsOnDevice,
	recoverableActive,
	welchFloor,
	type CodeMetrics,
} from './code-metrics.ts';
export { interferenceOnDevice, interferenceReference, type Interference } from './interference.ts';
export { correlation, multiply, pseudoinverse, transpose, type Matrix } from './linear-algebra.ts';
export {
	recoverComputation,
	recoveryError,
	type Recovered,
	type RecoveryError,
} from './recover.ts';
export { singularValues } from './singular-values.ts';
export { beforeByPair, runLayer, runLayers, type LayerRun } from './run-layer.ts';
export { channelFor, neuronBounds, type LayerSizes } from './shape.ts';
export { addTallies, noTrials, ratesOf, type Rates, type Tally, type TrialSizes } from './tally.ts';
export { refineTrials, runTrials } from './trials.ts';
