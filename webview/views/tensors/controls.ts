import type { TensorEntry } from '../../../extension/protocol/tensors.ts';
import type { Control } from '../../view-api/view.ts';
import type { TensorsData } from './compute.ts';
import type { Known } from './detail.ts';
import { answerTo, tensorQuery } from './queries.ts';
import { sliceCount } from './slice.ts';
import type { TensorsState } from './state.ts';

type TensorsControl = Control<keyof TensorsState>;

/** Longer lists are narrowed by a search. */
const MOST_OPTIONS = 80;

export function controls(data: TensorsData, state: TensorsState, known: Known): TensorsControl[] {
	const look: TensorsControl = {
		kind: 'choice',
		field: 'look',
		label: 'Look at',
		options: [
			{ value: 'one', label: 'one tensor' },
			{ value: 'all', label: 'all tensors' },
			{ value: 'backends', label: 'both backends' },
			{ value: 'placement', label: 'where nodes ran' },
		],
	};
	switch (state.look) {
		case 'one':
			return [look, ...tensorControls(data, state, known)];
		case 'all':
			return [look, stop];
		case 'backends':
			return data.hasGpu ? [look, tolerance, stop] : [look];
		case 'placement':
			return [look];
	}
}

const stop: TensorsControl = {
	kind: 'toggle',
	field: 'stop',
	label: 'Stop',
	help: 'Reads no further tensors; what was read stays.',
};
const tolerance: TensorsControl = {
	kind: 'slider',
	field: 'tolerance',
	label: 'Tolerance, 10 to the',
	help: 'A relative difference above it counts as a divergence.',
	min: -6,
	max: -1,
	step: 1,
};

function tensorControls(data: TensorsData, state: TensorsState, known: Known): TensorsControl[] {
	const shape = answerTo('tensor', tensorQuery(state), known)?.shape ?? declared(data, state);
	const slices = shape ? sliceCount(shape) : 1;
	return [
		{ kind: 'text', field: 'search', label: 'Find', placeholder: 'name, operator or module' },
		{ kind: 'choice', field: 'tensor', label: 'Tensor', options: listed(data, state) },
		...(slices > 1 ? [slider('slice', 'Slice', slices - 1)] : []),
		{
			kind: 'choice',
			field: 'change',
			label: 'What if',
			help: 'Runs the real model again with this tensor changed. The file is not touched.',
			options: [
				{ value: 'none', label: 'as it is' },
				{ value: 'zero', label: 'set to zero' },
				{ value: 'scale', label: 'scaled' },
				{ value: 'patch', label: 'from another run' },
			],
		},
		...(state.change === 'none' ? [] : changeControls(data, state, shape)),
		...(state.edits.length > 0 ? madeControls : []),
	];
}

const madeControls: readonly TensorsControl[] = [
	{ kind: 'button', field: 'undo', label: 'Undo the last change', icon: 'discard' },
	{
		kind: 'choice',
		field: 'shown',
		label: 'Show the tensor',
		options: [
			{ value: 'own', label: 'as it was' },
			{ value: 'edited', label: 'with the changes' },
			{ value: 'difference', label: 'what changed' },
		],
	},
];

function changeControls(
	data: TensorsData,
	state: TensorsState,
	shape: readonly number[] | undefined,
): TensorsControl[] {
	const places = placesOf(data, state, shape);
	return [
		{ kind: 'choice', field: 'part', label: 'Of', options: partsOf(data, state, shape) },
		...(places > 1 ? [slider('first', 'From', places - 1), slider('last', 'To', places - 1)] : []),
		...(state.change === 'scale' ? [factor] : []),
		...(state.change === 'patch' ? patchControls(data, state) : []),
		{ kind: 'button', field: 'apply', label: 'Apply this change', icon: 'beaker' },
	];
}

const slider = (field: keyof TensorsState, label: string, max: number): TensorsControl => ({
	kind: 'slider',
	field,
	label,
	min: 0,
	max,
	step: 1,
});
const factor: TensorsControl = {
	kind: 'slider',
	field: 'factor',
	label: 'By',
	min: -2,
	max: 4,
	step: 0.1,
};

function patchControls(data: TensorsData, { source }: TensorsState): TensorsControl[] {
	const options = [
		...(data.hasIds
			? [
					{ value: 'shuffled', label: 'the same ids, shuffled' },
					{ value: 'ids', label: 'other ids' },
				]
			: []),
		{ value: 'random', label: 'random input' },
	];
	return [
		{ kind: 'choice', field: 'source', label: 'Run on', options },
		source === 'ids'
			? { kind: 'text', field: 'ids', label: 'Ids', placeholder: '5, 17, 3, …' }
			: slider('seed', 'Seed', 99),
	];
}

/** What can be changed apart: the whole, places of each axis, and heads packed beside each other in one. */
function partsOf(
	{ roles }: TensorsData,
	{ tensor }: TensorsState,
	shape: readonly number[] | undefined,
) {
	const role = roles[tensor];
	const letters = role?.axes.length === shape?.length ? (role?.axes ?? '') : '';
	const axes = (shape ?? []).flatMap((size, axis) => {
		const name = axisName(letters[axis] ?? '', axis);
		const packed =
			letters[axis] === 'D' && role?.heads && size % role.heads === 0
				? [{ value: `h${axis}`, label: `heads (${role.heads})` }]
				: [];
		return size > 1 ? [...packed, { value: String(axis), label: `${name} (${size})` }] : packed;
	});
	return [{ value: 'all', label: 'the whole tensor' }, ...axes];
}

const names: Readonly<Record<string, string>> = {
	B: 'sequences',
	H: 'heads',
	G: 'key heads',
	T: 'query tokens',
	S: 'key tokens',
	K: 'key features',
	V: 'value features',
	D: 'features',
};

/** What an axis is, by its letter, else by its place. */
export const axisName = (letter: string, axis: number): string => names[letter] ?? `axis ${axis}`;

function placesOf(
	{ roles }: TensorsData,
	{ tensor, part }: TensorsState,
	shape: readonly number[] | undefined,
): number {
	if (part === 'all') return 1;
	if (part.startsWith('h')) return roles[tensor]?.heads ?? 1;
	return shape?.[Number(part)] ?? 1;
}

function declared({ tensors }: TensorsData, { tensor }: TensorsState): number[] | undefined {
	const shape = tensors.find(({ name }) => name === tensor)?.shape;
	return shape?.every((size) => typeof size === 'number') ? shape : undefined;
}

function listed(data: TensorsData, { search, tensor }: TensorsState) {
	const words = search
		.toLowerCase()
		.split(/\s+/)
		.filter((word) => word !== '');
	const found = data.tensors
		.filter(({ name, op, path }) => {
			const text = `${name} ${op} ${path} ${roleText(data, name)}`.toLowerCase();
			return words.every((word) => text.includes(word));
		})
		.slice(0, MOST_OPTIONS);
	const shown = found.some(({ name }) => name === tensor);
	const own = data.tensors.find(({ name }) => name === tensor);
	return [
		...(shown ? [] : [{ value: tensor, label: own ? labelOf(data, own) : tensor }]),
		...found.map((entry) => ({ value: entry.name, label: labelOf(data, entry) })),
	];
}

function labelOf(data: TensorsData, { name, op }: TensorEntry): string {
	const role = roleText(data, name);
	return `${name} · ${op}${role === '' ? '' : ` · ${role}`}`;
}

/** `layer 0 q`, or empty. */
export function roleText({ roles }: TensorsData, name: string): string {
	const role = roles[name];
	return role ? `${role.layer} ${role.role}` : '';
}
