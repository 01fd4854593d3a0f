import { magnitude, percent, significant } from '../../view-api/format.ts';
import type { Figure, Mark, Scene, Size } from '../../view-api/scene.ts';
import { tokenAxis } from '../../view-api/token-axis.ts';
import type { Fact } from './facts.ts';
import { factRows, heading } from './layout.ts';
import { routeLegend } from './legend.ts';
import { formNames, NORMALISED } from './linear-forms.ts';
import { plainMaps } from './plain-maps.ts';
import { plainSentence } from './plain-sentence.ts';
import type { PlainData, PlainSite } from './plain-sites.ts';
import { curveForm, mustStay, swapsOf, type PlainKnown, type PlainState } from './plain-state.ts';
import type { Reading } from './reading.ts';
import { named } from './readout.ts';
import { rowHeight, routeTrack, type TrackLayer } from './track.ts';
import { weightRows } from './weight-rows.ts';

const STRIP_HEIGHT = 84;
const AXIS_ROOM = 44;

/** Which heads could go linear, what must stay exact, and how a token reads by the one and by the other. */
export function layoutPlain(
	data: PlainData,
	state: PlainState,
	size: Size,
	known: PlainKnown,
): Scene {
	const plain = data.sites[state.layer];
	if (!plain) return nothing(data, size);
	const { lineHeight: line, characterWidth } = size;
	const x = 7 * characterWidth;
	const width = Math.max(60, size.width - x - 8 * characterWidth);
	const { site, name, T, S, kind } = plain;
	const { head, query, form } = state;
	const reading = known({ kind: 'reading', site: site.id, head, query, form });

	const maps = plainMaps(data, state, known, line, size);
	const tracks = swapTracks(data, state, known);
	const trackTop = maps.height + line * 2.6;
	const legend =
		tracks.length > 0
			? routeLegend(
					[
						{ label: 'must stay softmax', fill: 'softmax' },
						{ label: 'can be folded (linear)', fill: 'linear', low: true },
					],
					[],
					size,
				)
			: { marks: [], height: 0 };
	const box = { x, y: trackTop + legend.height + 4, width, row: rowHeight(tracks, 300) };
	const track = routeTrack(tracks, box, size);
	const titled = tracks.length > 0 ? box.y + track.height + line : trackTop;
	const strip = { x, y: titled + line * 0.8, width, height: STRIP_HEIGHT, span: plain.N * plain.C };
	const factsTop = strip.y + STRIP_HEIGHT + AXIS_ROOM + line * 1.8;
	const facts = factRows(factLines(data), factsTop, size);
	const kept = formNames[curveForm(form)];
	const other = kind === 'memory' ? 'by softmax on the same q and k' : `by ${formNames[form]}`;
	return {
		title: `Which heads could go linear; how token ${query} reads the past in ${name}, head ${head}`,
		site: site.id,
		description: plainSentence(data, state, known),
		width: size.width,
		height: Math.ceil(factsTop + facts.height + 8),
		marks: [
			heading(tracks.length > 0 ? (size.width < 400 ? 'How far off, all linear' : 'How far off, if every token were read linearly; layers down, heads across') : size.width < 400 ? 'Weight where softmax would put it' : 'How much of the weight lies where softmax would put it; layers down, heads across', line / 2, size), // prettier-ignore
			...maps.marks,
			...(tracks.length > 0
				? [
						heading(size.width < 400 ? `What must stay, for ${state.error} % error` : `Chunks that must stay softmax for at most ${state.error} % error, ${kept} for the others`, trackTop - line * 0.6, size), // prettier-ignore
						...shifted(legend.marks, trackTop),
					]
				: []),
			...track.marks,
			heading(`${size.width < 400 ? 'Token' : 'How token'} ${named(data, query)} ${size.width < 400 ? 'in' : 'reads the past in'} ${name}, head ${head}${size.width > 560 ? `: exactly, and ${other}` : ''}`, titled, size), // prettier-ignore
			...(reading?.kind === 'reading' ? stripMarks(plain, state, reading, strip, size) : []),
			...axisMarks(data, plain, state, reading?.kind === 'reading' ? reading : undefined, strip, size), // prettier-ignore
			...facts.marks,
		],
		targets: [
			...maps.targets,
			...track.targets.map((target, at) => ({
				...target,
				id: `track:${data.sites.indexOf(swapsOf(data, known)[at]!.plain)}`,
			})),
			{ id: 'past', ...strip, width: (S * width) / strip.span, label: 'Tokens of the sequence; Enter picks the one that reads', rows: 1, columns: T }, // prettier-ignore
		],
		figures: curveFigure(data, state, known),
		readout: readout(data, plain, state, known),
	};
}

function swapTracks(data: PlainData, state: PlainState, known: PlainKnown): TrackLayer[] {
	return swapsOf(data, known).map(({ plain, swap }) => {
		const { name, H, N } = plain;
		const front = data.sites[state.layer] === plain;
		return {
			...{ name, H, N, kept: mustStay(plain, swap, state) },
			margin: new Float32Array(H * N).fill(NaN),
			chosen: front ? state.head : -1,
			outlines: front ? [[state.cell, 'focus'] as const].filter(([cell]) => cell >= 0) : [],
			label: `Chunks of ${name} that must stay softmax: heads down, chunks across; Enter picks the head`,
		};
	});
}

function stripMarks(
	{ kind }: PlainSite,
	{ query, form }: PlainState,
	{ own, other }: Reading,
	strip: { x: number; y: number; width: number; height: number; span: number },
	size: Size,
): Mark[] {
	const softmax = { role: 'softmax', signed: false } as const;
	const memory = { role: 'linear', signed: true } as const;
	const rows =
		kind === 'softmax'
			? [
					{ name: 'softmax', values: own, ...softmax },
					{ name: 'linear', values: other, role: 'linear' as const, signed: form === 'delta' },
				]
			: [
					{ name: 'state', values: own, ...memory },
					{ name: 'softmax', values: other, ...softmax },
				];
	const at = strip.x + ((query + 0.5) * strip.width) / strip.span;
	return [
		...weightRows(rows, strip, size),
		{ kind: 'line', points: [[at, strip.y - 2], [at, strip.y + strip.height]], stroke: 'focus', width: 1 }, // prettier-ignore
	];
}

function axisMarks(
	{ tokens }: PlainData,
	{ S, kind }: PlainSite,
	{ query }: PlainState,
	reading: Reading | undefined,
	strip: { x: number; y: number; width: number; span: number },
	size: Size,
): Mark[] {
	const first = (values: Float32Array) =>
		values.reduce((best, value, at) => (Math.abs(value) > Math.abs(values[best]!) ? at : best), 0);
	const role = kind === 'softmax' ? 'softmax' : 'linear';
	return tokenAxis(
		{
			way: 'across',
			edge: strip.y + STRIP_HEIGHT,
			start: strip.x,
			cell: strip.width / strip.span,
			from: 0,
			count: S,
			title: 'key',
			label: (token) => tokens[token] ?? String(token),
			first: [
				{ token: query, role: 'focus' },
				...(reading ? [{ token: first(reading.own), role } as const] : []),
			],
			room: AXIS_ROOM,
		},
		size,
	);
}

function factLines({ sites, failed }: PlainData): Fact[] {
	const verified = sites.filter(({ proof }) => proof.verified);
	const worst = Math.max(...sites.map(({ proof }) => proof.residual ?? Infinity));
	const good = verified.length === sites.length;
	return [
		['exact weights', `${good ? '✓' : '✗'} ${verified.length} of ${sites.length} layers verified, ${magnitude(worst)} at worst`, good], // prettier-ignore
		...failed.map(({ site, reason }): Fact => [`not read: ${site}`, reason, false]),
	];
}

/** Share of chunks that stay softmax against the error that is left, mean over heads, one line a form. */
function curveFigure(data: PlainData, state: PlainState, known: PlainKnown): Figure[] {
	const swaps = swapsOf(data, known);
	if (swaps.length === 0) return [];
	const steps = Array.from({ length: 26 }, (_, at) => at * 4);
	const share = (form: (typeof NORMALISED)[number], error: number) => {
		const shares = swaps.map(({ plain, swap }) => {
			const digits = mustStay(plain, swap, { form, error });
			return digits.reduce((sum, x) => sum + x, 0) / digits.length;
		});
		return shares.reduce((sum, x) => sum + x, 0) / shares.length;
	};
	return [
		{
			id: 'curve',
			kind: 'line',
			title: 'What must stay softmax, for the error allowed',
			xLabel: 'error allowed in every head (%)',
			yLabel: 'chunks kept (share)',
			yDomain: [0, 1],
			series: NORMALISED.map((form, at) => ({
				label: formNames[form],
				role: form === state.form ? 'accent' : { series: at },
				x: steps,
				y: steps.map((error) => share(form, Math.max(0.01, error))),
				...(form === state.form ? {} : { dash: true }),
			})),
		},
	];
}

function readout(data: PlainData, plain: PlainSite, state: PlainState, known: PlainKnown): string {
	const { head, form, query } = state;
	const reading = known({ kind: 'reading', site: plain.site.id, head, query, form });
	const measured = known({ kind: 'measure', site: plain.site.id });
	const parts: string[] = [`${plain.name}, head ${head}`];
	if (measured?.kind === 'swap') {
		const errors = measured.errors[head]!;
		const names = Object.values(formNames);
		parts.push(
			`off by ${errors.map((error, at) => `${names[at]} ${error === null ? 'no meaning' : percent(error)}`).join(', ')}`,
		);
	}
	if (measured?.kind === 'overlap') {
		parts.push(`${percent(measured.overlap[head]!)} of the weight is where softmax would put it`);
	}
	if (reading?.kind === 'reading') {
		const largest = (values: Float32Array) =>
			values.reduce((best, x, at) => (Math.abs(x) > Math.abs(values[best]!) ? at : best), 0);
		const [own, other] = [largest(reading.own), largest(reading.other)];
		const instead = plain.kind === 'memory' ? 'softmax' : formNames[form];
		parts.push(
			`token ${named(data, query)} reads most of ${named(data, own)} (weight ${significant(reading.own[own]!)}), ${instead} would of ${named(data, other)} (${significant(reading.other[other]!)})`,
		);
	}
	return parts.join(' · ');
}

function shifted(marks: readonly Mark[], down: number): Mark[] {
	return marks.map((mark) =>
		mark.kind === 'rect' || mark.kind === 'text' ? { ...mark, y: mark.y + down } : mark,
	);
}

function nothing({ failed }: PlainData, size: Size): Scene {
	const reason = failed[0]?.reason ?? 'This model has no attention that an operator knows.';
	return {
		title: 'Token routing',
		site: failed[0]?.site ?? '',
		description: `Nothing is routed here, and no layer could be read. ${reason}`,
		width: size.width,
		height: size.lineHeight * 2,
		marks: [],
		targets: [],
		figures: [],
		readout: '',
	};
}
