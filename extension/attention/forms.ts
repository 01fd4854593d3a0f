import { chunkedState } from './chunked-state.ts';
import type { FormFinder } from './form.ts';
import { exponentialSoftmax } from './exponential-softmax.ts';
import { fusedAttention } from './fused-attention.ts';
import { gatedConvolution } from './gated-convolution.ts';
import { linearAttention } from './linear-attention.ts';
import { linearOperators } from './linear-operators.ts';
import { recurrentState } from './recurrent-state.ts';
import { runningState } from './running-state.ts';
import { softmaxAttention } from './softmax-attention.ts';
import { spectralConvolution } from './spectral-convolution.ts';
import { statefulConvolution } from './stateful-convolution.ts';
import { superposedAttention } from './superposed-attention.ts';
import { thresholdLayer } from './threshold-layer.ts';
import { unrolledState } from './unrolled-state.ts';
import { weightedMean } from './weighted-mean.ts';

/** Every form that is looked for, the commonest in public models first. */
export const forms: readonly FormFinder[] = [
	softmaxAttention,
	fusedAttention,
	linearOperators,
	superposedAttention,
	exponentialSoftmax,
	chunkedState,
	recurrentState,
	unrolledState,
	weightedMean,
	linearAttention,
	runningState,
	gatedConvolution,
	spectralConvolution,
	statefulConvolution,
	thresholdLayer,
];
