import type { Control, SceneEvent } from '../../view-api/view.ts';
import { chosenWhy, memoryHeads } from './chosen.ts';
import type { RecallData } from './compute.ts';
import type { Known } from './known.ts';
import { candidates, isChosen } from './models/compared.ts';
import { progressOf } from './progress.ts';
import { shownRows } from './rows.ts';
import { isStopped, type RecallState } from './state.ts';
import type { WhyDetail } from './why/why.ts';

export function focus(_data: RecallData, state: RecallState): RecallState {
	return state;
}

export function controls(
	data: RecallData,
	state: RecallState,
	known: Known,
): Control<keyof RecallState>[] {
	const look: Control<keyof RecallState> = {
		kind: 'choice',
		field: 'look',
		label: 'Ask',
		options: [
			{ value: 'probe', label: 'for pairs (MQAR)' },
			{ value: 'text', label: 'what the run’s own text recalls' },
		],
	};
	if (state.look === 'text') return [look];
	const { done, planned } = progressOf(data, state, known);
	const stop: Control<keyof RecallState> = {
		kind: 'button',
		field: 'stops',
		label: isStopped(state) ? 'Resume' : 'Stop',
		icon: isStopped(state) ? 'play' : 'debug-stop',
		help: 'What was asked so far is kept.',
	};
	return [
		look,
		{ kind: 'text', field: 'pairs', label: 'Pairs', placeholder: '4, 8, 16, 32' },
		...(data.tokenModel.length === undefined
			? [{ kind: 'text', field: 'lengths', label: 'Lengths', placeholder: '64, 128' } as const]
			: []),
		{ kind: 'slider', field: 'queries', label: 'Queries a cell', min: 64, max: 1024, step: 64 },
		{
			kind: 'choice',
			field: 'variant',
			label: 'Task',
			options: [
				{ value: 'standard', label: 'each pair once' },
				{ value: 'renewed-half', label: 'half the keys get a new value' },
				{ value: 'renewed-all', label: 'all keys get a new value' },
				{ value: 'two-passes', label: 'all pairs twice' },
			],
		},
		{
			kind: 'choice',
			field: 'filler',
			label: 'Filler',
			help: 'What stands between the queries.',
			options: [
				{ value: 'no-keys', label: 'random, no key asked for' },
				{ value: 'any', label: 'random (as in Zoology)' },
				{ value: 'none', label: 'token 0' },
			],
		},
		{ kind: 'button', field: 'seed', label: 'New examples', icon: 'refresh' },
		{ kind: 'toggle', field: 'failures', label: 'Failures only' },
		...(done < planned ? [stop] : []),
		{
			kind: 'toggle',
			field: 'compare',
			label: 'Compare models',
			help: 'Asks other models of the workspace the same.',
		},
		...memoryControls(chosenWhy(data, state, known)),
	];
}

/** The scrubber along the sequence, and whose memory is shown. */
function memoryControls(why: WhyDetail | undefined): Control<keyof RecallState>[] {
	const heads = why ? memoryHeads(why) : [];
	if (!why || heads.length === 0) return [];
	return [
		{
			kind: 'choice',
			field: 'memory',
			label: 'Memory of',
			options: heads.map(({ name }) => ({ value: name, label: name })),
		},
		{ kind: 'slider', field: 'step', label: 'State after token', min: 0, max: why.tokens.length, step: 1 }, // prettier-ignore
	];
}

export function act(
	data: RecallData,
	state: RecallState,
	{ kind, target, row, column }: SceneEvent,
	known: Known,
): RecallState {
	if (kind === 'leave') return { ...state, pointed: '' };
	if (target === 'cells') {
		if (kind === 'point') return { ...state, pointed: `cell ${row}` };
		return { ...state, cell: state.cell === row ? -1 : row };
	}
	if (target === 'hits') return kind === 'press' ? { ...state, hit: row } : state;
	if (target === 'models') {
		if (kind === 'point') return { ...state, pointed: '' };
		return { ...state, models: toggled(state, known, row) };
	}
	if (target === 'retention') {
		if (kind === 'point') return { ...state, pointed: `retention ${row} ${column}` };
		return { ...state, step: column + 1 };
	}
	if (target.startsWith('strip')) return { ...state, pointed: `${target} ${column}` };
	if (target !== 'rows') return state;
	const name = shownRows(data, state, known).rows[row]?.name ?? '';
	if (kind === 'point') return { ...state, pointed: name };
	return { ...state, chosen: name === state.chosen ? '' : name };
}

/** The addresses chosen once the model of that row was taken in or out. */
function toggled(state: RecallState, known: Known, row: number): string[] {
	const fitting = (candidates(known) ?? []).filter(({ unfit }) => unfit === '');
	return fitting
		.filter((candidate, at) => isChosen(candidate, state) !== (at === row))
		.map(({ uri }) => uri);
}
