import type { ProbePlan, ProbeRequest } from './messages.ts';
import type { TensorSearch, TensorsFound } from './tensors.ts';

/** What a runtime asks about the graph that it runs; the index may be in another process. */
export interface GraphQuestions {
	planProbes(request: ProbeRequest): Promise<ProbePlan>;
	findTensors(search: TensorSearch): Promise<TensorsFound>;
}
