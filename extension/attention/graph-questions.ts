import type { ModelIndex } from '../onnx/model-index.ts';
import { planProbes } from '../onnx/probes.ts';
import type { GraphQuestions } from '../protocol/graph-questions.ts';
import type { ProbePlan, ProbeRequest } from '../protocol/messages.ts';
import { findSites } from './find-sites.ts';
import { findTensors } from './list-tensors.ts';

/** Answers from an index at hand. */
export const graphQuestions = (index: ModelIndex): GraphQuestions => ({
	planProbes: (request) => Promise.resolve(planSiteProbes(index, request)),
	findTensors: (search) => Promise.resolve(findTensors(index, search)),
});

/** As `planProbes`, where the tensors that a site derives can be tapped too. */
export function planSiteProbes(index: ModelIndex, request: ProbeRequest): ProbePlan {
	const derived = findSites(index).flatMap((site) => site.derived ?? []);
	return planProbes(index, request, derived);
}
