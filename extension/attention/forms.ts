import type { FormFinder } from './form.ts';
import { fusedAttention } from './fused-attention.ts';
import { linearOperators } from './linear-operators.ts';
import { softmaxAttention } from './softmax-attention.ts';

/** Every form that is looked for, the commonest in public models first. */
export const forms: readonly FormFinder[] = [softmaxAttention, fusedAttention, linearOperators];
