import type { RecallData } from '../compute.ts';
import type { Known } from '../known.ts';
import { cellsOf, isStopped, taskOf, type RecallState } from '../state.ts';
import type { Candidate, ModelDetail, ModelQuery } from './ask-model.ts';

/** A model that was chosen to be compared, with what is known of it. */
export interface Compared {
	readonly candidate: Candidate;
	readonly result: ModelDetail | undefined;
}

/** Queries that each cell of a compared model is asked at most. */
const MOST_QUERIES = 256;

/** The models that can be chosen; undefined until they are known. */
export function candidates(known: Known): readonly Candidate[] | undefined {
	const found = known({ kind: 'models' });
	return found?.kind === 'models' ? found.models : undefined;
}

/** Whether a model is among those chosen: by `all`, by its address, or by a part of its path. */
export function isChosen({ uri, name, unfit }: Candidate, { models }: RecallState): boolean {
	if (unfit !== '') return false;
	return models.some((chosen) => chosen === 'all' || chosen === uri || name.split('/').includes(chosen)); // prettier-ignore
}

export function modelQuery(
	data: RecallData,
	state: RecallState,
	{ uri, name }: Candidate,
): ModelQuery {
	return {
		...{ kind: 'model', uri, name },
		task: taskOf(data, state),
		cells: cellsOf(data, state),
		queries: Math.min(MOST_QUERIES, state.queries),
	};
}

/** Every chosen model with its result, as far as there is one. */
export function comparedModels(data: RecallData, state: RecallState, known: Known): Compared[] {
	if (!state.compare) return [];
	const chosen = (candidates(known) ?? []).filter((candidate) => isChosen(candidate, state));
	return chosen.map((candidate) => {
		const found = known(modelQuery(data, state, candidate));
		return { candidate, result: found?.kind === 'model' ? found : undefined };
	});
}

/** What to ask: the list, all that was answered, and one model more at a time unless someone said stop. */
export function comparisonQueries(data: RecallData, state: RecallState, known: Known) {
	if (!state.compare) return [];
	const compared = comparedModels(data, state, known);
	const answered = compared.filter(({ result }) => result !== undefined);
	const next = compared.find(({ result }) => result === undefined);
	const asked = [...answered, ...(next && !isStopped(state) ? [next] : [])];
	return [
		{ kind: 'models' } as const,
		...asked.map(({ candidate }) => modelQuery(data, state, candidate)),
	];
}
