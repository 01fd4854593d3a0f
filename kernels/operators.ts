import { baseConvolution } from './base-convolution/base-convolution.ts';
import { deltaRule } from './delta-rule/delta-rule.ts';
import { gatedDeltaRule } from './gated-delta-rule/gated-delta-rule.ts';
import { hybridAttention } from './hybrid-attention/hybrid-attention.ts';
import { linearAttention } from './linear-attention/linear-attention.ts';
import { momentumAttention } from './momentum-attention/momentum-attention.ts';
import { retention } from './retention/retention.ts';
import { selectiveAttention } from './selective-attention/selective-attention.ts';
import { softmaxAttention } from './softmax-attention/softmax-attention.ts';
import { superposedAttention } from './superposed-attention/superposed-attention.ts';

/**
 * The operator of each form of attention, each `(device, inputs, shape, options) → results`.
 * Its exact argument types are kept: `operators.softmax` is the function itself.
 */
export const operators = {
	softmax: softmaxAttention,
	linear: linearAttention,
	gated: linearAttention,
	delta: deltaRule,
	'gated-delta': gatedDeltaRule,
	hybrid: hybridAttention,
	convolution: baseConvolution,
	selective: selectiveAttention,
	superposed: superposedAttention,
	momentum: momentumAttention,
} as const;

/** The same for forms that a model may write in parallel, with the decay between every two tokens as a table. */
export const tableOperators = { gated: retention } as const;

/** A form that has an operator. */
export type OperatorForm = keyof typeof operators;

/** Whether a form has an operator, for forms that come from a file. */
export function hasOperator(form: string): form is OperatorForm {
	return Object.hasOwn(operators, form);
}
