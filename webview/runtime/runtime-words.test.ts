import { expect, it } from 'vitest';
import { runtimeWords } from './runtime-words.ts';

/** As onnxruntime-web 1.2x writes them. */
it.each([
	[
		"Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for BiasSoftmax(1) node with name 'BiasSoftmax_12'",
		'it has no kernel for the operator BiasSoftmax (node BiasSoftmax_12) here.',
	],
	[
		"Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: Fatal error: com.microsoft:DropoutGrad(-1) is not a registered function/op",
		'it does not know the operator com.microsoft:DropoutGrad.',
	],
	[
		"failed to call OrtRun(). ERROR_CODE: 2, ERROR_MESSAGE: Non-zero status code returned while running ScatterElements node. Name:'/ScatterElements_1' Status Message: indices element out of data bounds, idx=20 must be within the inclusive range [-20,19]",
		'at ScatterElements (node /ScatterElements_1): indices element out of data bounds, idx=20 must be within the inclusive range [-20,19].',
	],
	[
		'failed to call OrtRun(). ERROR_CODE: 1, ERROR_MESSAGE: /a/b/onnxruntime/core/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 24 by 32\n',
		'Attempting to broadcast an axis by a dimension other than 1. 24 by 32.',
	],
	['memory access out of bounds', 'memory access out of bounds.'],
])('says %s as a sentence', (said, sentence) => {
	expect(runtimeWords(new Error(said))).toBe(sentence);
});
