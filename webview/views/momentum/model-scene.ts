import { significant } from '../../view-api/format.ts';
import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import type { MomentumData } from './compute.ts';
import type { Depth } from './depth.ts';
import { axesText, depthPicture, extentOf, tokenStrip, type Box } from './depth-picture.ts';
import { causalityOf, dialled, type Known } from './detail.ts';
import { depthFigures } from './figures.ts';
import { causalitySentence, dialSentence, modelSentence } from './sentence.ts';
import { lastStage, type MomentumState } from './state.ts';
import { heading, paragraph, table } from './words.ts';

const GAP = 20;
const WIDE_FROM = 560;
const STRIP = 12;

/** Tokens of the model at one depth, with momentum and without, and what momentum does to the answers. */
export function modelScene(
	data: MomentumData,
	state: MomentumState,
	size: Size,
	known: Known,
): Scene {
	const dialledNow = state.momentum < 1 ? dialled(known, state.momentum) : undefined;
	const without = data.hasVelocity ? dialled(known, 0) : undefined;
	const shown = dialledNow?.depth ?? data.depth;
	const line = size.lineHeight;
	const marks: Mark[] = [];
	const badge = badgeMarks(state, size, known);
	marks.push(...badge.marks);
	let y = badge.height + line * 0.4;

	const pictures = picturesOf(data, state, size, shown, without?.depth, y);
	marks.push(...pictures.marks);
	y = pictures.bottom;
	const { tokens } = data;
	const count = (shown.stages[0]?.xy.length ?? tokens.length * 2) / 2;
	const strip = { x: 0, y: y + line * 1.3, width: size.width, height: STRIP };
	const answers = dialledNow?.answers ?? data.answers;
	if (answers && count > 0) {
		const own = data.answers?.given ?? [];
		const stripFill = (t: number) => {
			if (answers.given[t] !== own[t]) return 'warning' as const;
			return isRight(data, answers.given, t) ? ('good' as const) : ('faint' as const);
		};
		marks.push(heading(`Tokens: predicted right${state.momentum < 1 ? ', changed by the dial (hatched)' : ''}`, y, size), ...tokenStrip(count, stripFill, state.token, strip)); // prettier-ignore
		y = strip.y + STRIP + line * 0.6;
	}
	const facts = table(factRows(data, state, shown, without?.depth), y, size, { head: true, width: Math.min(size.width, 560), named: 0.5 }); // prettier-ignore
	marks.push(...facts.marks);
	y += facts.height + line * 0.5;
	const notes = notesOf(data, shown);
	for (const note of notes) {
		const words = paragraph(note, y, size);
		marks.push(...words.marks);
		y += words.height + 4;
	}
	const stages = pictures.stages;
	const layer = shown.stages[Math.floor(state.stage)]?.block ?? -1;
	return {
		title: `Tokens ${stageName(data, shown, Math.floor(state.stage))}, with their velocities`,
		site: data.layers[Math.max(0, layer)]?.site ?? data.depth.layers[0]?.site ?? '',
		description: describe(data, state, known),
		width: size.width,
		height: Math.ceil(y + 4),
		marks,
		targets: [
			...(stages ? [{ id: 'stages', ...stages, label: 'Depths; Enter goes to one', rows: 1, columns: shown.stages.length }] : []), // prettier-ignore
			...(count > 0 ? [{ id: 'tokens', ...strip, label: 'Tokens; the arrow keys follow one', rows: 1, columns: count }] : []), // prettier-ignore
		],
		figures: depthFigures(data, shown, without, known),
		readout: readout(data, state, shown),
	};
}

const isRight = ({ answers }: MomentumData, given: readonly number[], t: number) =>
	answers?.wanted[t] !== undefined && given[t] === answers.wanted[t];

function describe(data: MomentumData, state: MomentumState, known: Known): string {
	const found = causalityOf(known);
	const leak = found && !found.causal ? ` ${causalitySentence(found)}` : '';
	const now = state.momentum < 1 ? dialled(known, state.momentum) : undefined;
	if (state.momentum < 1) {
		return now
			? dialSentence(data, now) + leak
			: `Running the model with momentum × ${state.momentum}…`;
	}
	return modelSentence(data, dialled(known, 0)) + leak;
}

function badgeMarks({ causality }: MomentumState, size: Size, known: Known) {
	const found = causalityOf(known);
	if (!found) {
		const words = causality ? 'Causality: being tried…' : 'Causality: not tried yet.';
		return paragraph(words, 0, size);
	}
	const tried = found.trials.some(({ moved }) => moved !== null);
	const mark = found.causal ? '✓' : tried ? '✗' : '?';
	const fill = found.causal ? 'good' : tried ? 'error' : 'warning';
	return paragraph(`${mark} ${causalitySentence(found)}`, 0, size, { fill });
}

function picturesOf(
	data: MomentumData,
	state: MomentumState,
	size: Size,
	shown: Depth,
	without: Depth | undefined,
	top: number,
): { marks: Mark[]; bottom: number; stages: Box | undefined } {
	const line = size.lineHeight;
	if (shown.stages.length === 0) {
		const words = paragraph('The graph carries its tokens in no stream that could be followed, so there are no positions to draw.', top, size); // prettier-ignore
		return { marks: words.marks, bottom: top + words.height + line, stages: undefined };
	}
	const two = data.hasVelocity;
	const wide = size.width >= WIDE_FROM;
	const width = two && wide ? (size.width - GAP) / 2 : size.width;
	const height = Math.max(150, Math.min(width * 0.8, wide ? 420 : 260));
	const extent = extentOf([data.depth, ...(without ? [without] : [])]);
	const stage = Math.min(state.stage, lastStage(data));
	const label = data.tokens[state.token] ?? '';
	const panel = (title: string, depth: Depth | undefined, x: number, y: number): Mark[] => {
		const box = { x, y: y + line * 1.2, width, height };
		const drawn = depth ? depthPicture(depth, stage, state.token, label, extent, box, size) : waiting(box); // prettier-ignore
		return [heading(title, y, size, x, width), ...drawn];
	};
	const scaled = state.momentum < 1 ? `Momentum × ${state.momentum}` : two ? 'With momentum, as trained' : 'Positions'; // prettier-ignore
	const marks = panel(scaled, shown, 0, top);
	const below = top + line * 1.2 + height;
	let bottom = below;
	if (two) {
		const place = wide ? ([width + GAP, top] as const) : ([0, below + line * 0.6] as const);
		marks.push(...panel('The same model without momentum', without, ...place));
		bottom = place[1] + line * 1.2 + height;
	}
	const stages = { x: 0, y: bottom + line * 1.4, width: size.width, height: line * 1.3 };
	marks.push(
		heading(`Depth: ${stageName(data, shown, Math.floor(stage))}`, bottom + 4, size),
		...stageStrip(data, shown, stage, stages, size),
	);
	const words = paragraph(axesText(data, extent), stages.y + stages.height + 4, size);
	return { marks: [...marks, ...words.marks], bottom: stages.y + stages.height + words.height + line * 0.7, stages }; // prettier-ignore
}

function waiting(box: Box): Mark[] {
	return [
		{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
		{ kind: 'text', x: box.x + box.width / 2, y: box.y + box.height / 2, text: 'running…', fill: 'muted', size: 'small', align: 'middle' }, // prettier-ignore
	];
}

function stageStrip(
	{ layers }: MomentumData,
	{ stages }: Depth,
	stage: number,
	box: Box,
	size: Size,
): Mark[] {
	// prettier-ignore
	const width = box.width / stages.length;
	return stages.flatMap(({ kind, block }, at): Mark[] => {
		const now = Math.floor(stage) === at;
		const text = kind === 'start' ? 'in' : `${layers.length > 0 ? Math.max(0, block) : at}${kind === 'attention' ? 'a' : 'f'}`; // prettier-ignore
		return [
			{ kind: 'rect', x: box.x + at * width, y: box.y, width: Math.max(1, width - 2), height: box.height, ...(now ? { fill: 'accent' as const, opacity: 0.35 } : {}), stroke: now ? 'accent' : 'faint', strokeWidth: 1, ...(kind === 'forward' ? { radius: 6 } : {}) }, // prettier-ignore
			...(width > size.characterWidth * 2.6 ? [{ kind: 'text', x: box.x + at * width + (width - 2) / 2, y: box.y + box.height / 2, text, fill: now ? 'text' : 'muted', size: 'small', align: 'middle', bold: now } as const] : []), // prettier-ignore
		];
	});
}

function stageName({ layers }: MomentumData, { stages }: Depth, at: number): string {
	const stage = stages[at];
	if (!stage) return 'of the model';
	if (stage.kind === 'start') return 'as embedded';
	const name = layers[stage.block]?.name ?? 'the first layer';
	return stage.kind === 'attention' ? `after the attention of ${name}` : `after the feed-forward step of ${name}`; // prettier-ignore
}

const figure = (value: number | null | undefined) => (value == null ? '–' : significant(value));

function factRows(
	data: MomentumData,
	state: MomentumState,
	shown: Depth,
	without: Depth | undefined,
) {
	// prettier-ignore
	const at = Math.floor(state.stage);
	const stage = shown.stages[at];
	const other = without?.stages[at];
	const block = Math.max(0, stage?.block ?? 0);
	const [layer, bare] = [shown.layers[block], without?.layers[block]];
	const total = (of: Depth['layers'][number] | undefined) => of?.kinetic == null || !of.mixing ? null : of.kinetic + of.mixing.potential; // prettier-ignore
	const two = data.hasVelocity;
	const row = (name: string, value: number | null | undefined, plain: number | null | undefined) => [name, figure(value), ...(two ? [figure(plain)] : [])]; // prettier-ignore
	const name = data.layers[block]?.name ?? `layer ${block}`;
	return [
		[`mean a token, ${name}`, state.momentum < 1 ? `× ${state.momentum}` : two ? 'with' : 'here', ...(two ? ['without'] : [])], // prettier-ignore
		row('‖position‖', stage?.size, other?.size),
		row('displacement', stage?.displacement, other?.displacement),
		...(two
			? [
					row('‖velocity‖, passed on', stage?.speed, other?.speed),
					row('‖force‖', stage?.force, other?.force),
					row('cosine v, force', stage?.cosine, other?.cosine),
					row('kinetic energy', layer?.kinetic, bare?.kinetic),
				]
			: []),
		row('potential energy', layer?.mixing?.potential, bare?.mixing?.potential),
		...(two ? [row('total energy', total(layer), total(bare))] : []),
		row('entropy, nats', layer?.mixing?.entropy, bare?.mixing?.entropy),
		row('weight on own token', layer?.mixing?.self, bare?.mixing?.self),
		...scalarRows(data, at, shown),
	];
}

const ROLES = {
	keep: 'keeps of v',
	push: 'force times',
	damping: 'damping',
	look: 'looks ahead',
	step: 'step',
} as const;

/** The learned numbers of the step that leads to a stage. */
function scalarRows({ layers }: MomentumData, at: number, { stages }: Depth): string[][] {
	const block = stages[at]?.block ?? -1;
	const first = stages.findIndex((stage) => stage.block === block);
	const scalars = layers[block]?.steps[at - first];
	return (scalars ?? []).map(({ role, value, from }) => {
		const made = from.map(({ name }) => name.replace(/^.*\./, '')).join(', ');
		return [`${ROLES[role]}${made ? ` (${made})` : ''}`, significant(value)];
	});
}

function notesOf(data: MomentumData, shown: Depth): string[] {
	const sampled = shown.layers.find(({ mixing }) => mixing && mixing.rows < mixing.of)?.mixing;
	const unread = shown.layers.find(({ mixing }) => !mixing);
	return [
		...(data.hasVelocity
			? ['Energies: kinetic is half the squared velocity that enters a layer (with a mass z, half ⟨Bp, p⟩ ÷ z), potential minus the log of the mean of exp(score) over the tokens seen (with a mass, −z ÷ 2). Learned projections and norms stand between them, so the total need not be conserved.'] // prettier-ignore
			: []),
		...(sampled ? [`Attention is told by ${sampled.rows} of ${sampled.of} queries, evenly spread.`] : []), // prettier-ignore
		...(unread ? [`The attention of a site could not be computed: ${unread.reason}`] : []),
	];
}

function readout(data: MomentumData, { token, stage }: MomentumState, shown: Depth): string {
	const at = shown.stages[Math.floor(stage)];
	if (token < 0 || !at) return '';
	const [x, y] = [at.xy[token * 2]!, at.xy[token * 2 + 1]!];
	const word = data.tokens[token] === undefined ? '' : ` (${data.tokens[token]})`;
	const velocity = at.arrows ? `, velocity (${significant(at.arrows[token * 2]!)}, ${significant(at.arrows[token * 2 + 1]!)})` : ''; // prettier-ignore
	return `token ${token}${word} at (${significant(x)}, ${significant(y)})${velocity} along the two components`; // prettier-ignore
}
