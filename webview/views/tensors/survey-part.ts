import { magnitude, significant } from '../../view-api/format.ts';
import type { Mark, Size, Target } from '../../view-api/scene.ts';
import type { TensorsData } from './compute.ts';
import { roleText } from './controls.ts';
import type { Known } from './detail.ts';
import { heading, joined, nothing, type Part } from './part.ts';
import { surveyed } from './queries.ts';
import { diverges, healthText, reach } from './sentence.ts';
import type { TensorsState } from './state.ts';
import type { Surveyed } from './survey.ts';

const MOST_ROWS = 16;

/** The tensors worth a look, each a button that shows it: what is no number, what diverges, what is largest. */
export function surveyPart(data: TensorsData, state: TensorsState, size: Size, known: Known): Part {
	const { found } = surveyed(data, state, known);
	if (found.length === 0) return nothing;
	const unread = found.filter(({ problem }) => problem !== '');
	const listed =
		state.look === 'backends'
			? found.filter((each) => diverges(each, state)).slice(0, MOST_ROWS)
			: worst(found);
	const title =
		state.look === 'backends'
			? `Over the tolerance, in graph order`
			: 'Not finite, beyond float16, or largest';
	return joined([
		...(listed.length > 0 ? [heading(title, size), rows(data, state, listed, size)] : []),
		...(unread.length > 0
			? [heading(`${unread.length} could not be read, the first: ${unread[0]!.problem}`, size)]
			: []),
	]);
}

function worst(found: readonly Surveyed[]): Surveyed[] {
	const badness = (each: Surveyed) => {
		const { nan, infinite, overHalf } = each.numbers;
		return nan + infinite > 0 ? Infinity : overHalf > 0 ? 1e30 : reach(each) || 0;
	};
	return found
		.filter(({ problem }) => problem === '')
		.toSorted((a, b) => badness(b) - badness(a) || 0)
		.slice(0, MOST_ROWS);
}

function rows(
	data: TensorsData,
	state: TensorsState,
	listed: readonly Surveyed[],
	size: Size,
): Part {
	const row = size.lineHeight * 2.3;
	const marks: Mark[] = [];
	const targets: Target[] = [];
	listed.forEach((each, at) => {
		const y = at * row;
		const role = roleText(data, each.name);
		const words = state.look === 'backends' ? apart(each) : figures(each);
		const line = { kind: 'text', x: 0, size: 'small', maxWidth: size.width } as const;
		marks.push(
			{ ...line, y: y + size.lineHeight * 0.5, text: each.name, fill: 'accent', code: true },
			{ ...line, y: y + size.lineHeight * 1.5, text: role === '' ? words : `${role} · ${words}`, fill: 'muted' }, // prettier-ignore
		);
		targets.push({ id: `tensor:${each.name}`, x: 0, y, width: size.width, height: size.lineHeight * 2, label: `${each.name}, ${words}: show it` }); // prettier-ignore
	});
	return { marks, targets, height: listed.length * row };
}

function figures({ numbers }: Surveyed): string {
	const { min, max } = numbers;
	return `${significant(min)} to ${significant(max)} · ${healthText(numbers)}`;
}

function apart({ relative, largest }: Surveyed): string {
	if (relative === null || Number.isNaN(relative)) return 'no number on one side';
	return `relative ${magnitude(relative)}, largest difference ${significant(largest ?? NaN)}`;
}
