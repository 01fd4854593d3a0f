import type { ProbePlan, ProbeRequest } from './messages.ts';
import type { ModelName, ModelSummary } from './model.ts';

/** Other models of the workspace. Each method rejects with a sentence for a model that is not listed or cannot be read. */
export interface OtherModels {
	list(): Promise<readonly ModelName[]>;
	summary(uri: string): Promise<ModelSummary>;
	read(uri: string, offset: number, length: number): Promise<Uint8Array>;
	planProbes(uri: string, request: ProbeRequest): Promise<ProbePlan>;
}
