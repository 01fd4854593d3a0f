import type { FormFinder } from './form.ts';
import { softmaxAttention } from './softmax-attention.ts';

/** Every form that is looked for, the commonest in public models first. */
export const forms: readonly FormFinder[] = [softmaxAttention];
