import type { ModelIndex } from '../onnx/model-index.ts';
import { planProbes } from '../onnx/probes.ts';
import type { GraphQuestions } from '../protocol/graph-questions.ts';
import { findTensors } from './list-tensors.ts';

/** Answers from an index at hand. */
export const graphQuestions = (index: ModelIndex): GraphQuestions => ({
	planProbes: (request) => Promise.resolve(planProbes(index, request)),
	findTensors: (search) => Promise.resolve(findTensors(index, search)),
});
