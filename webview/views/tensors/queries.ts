import type { TensorsData } from './compute.ts';
import type { Known, TensorsDetail, TensorsQuery } from './detail.ts';
import type { TensorsState } from './state.ts';
import { BATCH, type Surveyed } from './survey.ts';

/** How many answers to keep: every batch of a survey stays. */
export const KEPT = 160;

export function tensorQuery({ tensor, slice, edits, shown }: TensorsState): TensorsQuery {
	const withEdits = shown === 'own' ? [] : edits;
	return {
		kind: 'tensor',
		name: tensor,
		slice,
		edits: withEdits,
		difference: shown === 'difference' && edits.length > 0,
	};
}

/** What a frame needs. A survey asks for one batch after the other, so that it can be stopped between two. */
export function tensorsQueries(
	data: TensorsData,
	state: TensorsState,
	known: Known,
): TensorsQuery[] {
	switch (state.look) {
		case 'one':
			return [
				...(state.tensor === '' ? [] : [tensorQuery(state)]),
				...(state.edits.length > 0 ? [{ kind: 'effect' as const, edits: state.edits }] : []),
			];
		case 'placement':
			return [{ kind: 'placement' }];
		case 'backends':
			return data.hasGpu ? surveyQueries(data, state, known) : [];
		case 'all':
			return surveyQueries(data, state, known);
	}
}

function surveyQueries(data: TensorsData, state: TensorsState, known: Known): TensorsQuery[] {
	const asked: TensorsQuery[] = [];
	for (let from = 0; from < data.tensors.length; from += BATCH) {
		const query = { kind: 'survey', from, compare: state.look === 'backends' } as const;
		const answer = known(query);
		if (answer || !state.stop) asked.push(query);
		if (!answer) break;
	}
	return asked;
}

/** What a survey found so far, in graph order. */
export function surveyed(
	data: TensorsData,
	state: TensorsState,
	known: Known,
): { readonly found: readonly Surveyed[]; readonly isOver: boolean } {
	const answers = surveyQueries(data, { ...state, stop: true }, known).map((query) => known(query));
	const found = answers.flatMap((answer) => (answer?.kind === 'survey' ? answer.found : []));
	return { found, isOver: found.length >= data.tensors.length };
}

export function answerTo<Kind extends TensorsDetail['kind']>(
	kind: Kind,
	query: TensorsQuery,
	known: Known,
): Extract<TensorsDetail, { kind: Kind }> | undefined {
	const answer = known(query);
	return answer?.kind === kind ? (answer as Extract<TensorsDetail, { kind: Kind }>) : undefined;
}
