import type { Progress } from './progress.ts';
import { chances, type CellTally } from './tally.ts';

/** A share as `99.8 %`: recall is compared near its ends, where whole percents say nothing. */
export function share(value: number): string {
	if (Number.isNaN(value)) return 'unknown';
	const text = (100 * value).toFixed(1);
	if (text === '100.0' && value < 1) return 'over 99.9 %';
	if (text === '0.0' && value > 0) return 'under 0.1 %';
	return `${text.replace(/\.0$/, '')} %`;
}

/** `78.7 % at 32 pairs in 128 tokens (95 % interval 74.2 % to 82.6 %)`. */
function cellText({ pairs, length, accuracy, low, high }: CellTally): string {
	return `${share(accuracy)} at ${pairs} pairs in ${length} tokens (95 % interval ${share(low)} to ${share(high)})`;
}

/** What the probe found, in one or two sentences. */
export function probeSentence(progress: Progress, vocabulary: number, stopped: boolean): string {
	const { cells, done, planned } = progress;
	if (cells.length === 0) {
		return `No number of pairs asked for has room: pairs and queries take four tokens a pair, and a sequence must be shorter than the ${vocabulary} tokens known.`;
	}
	const asked = cells.map(({ tally }) => tally).filter((tally) => tally.asked > 0);
	const counts = `${done.toLocaleString('en-US')} of ${planned.toLocaleString('en-US')} queries`;
	const state =
		done === planned
			? `${counts} asked`
			: stopped
				? `Stopped after ${counts}`
				: `Asking: ${counts} so far`;
	if (asked.length === 0) return `${state}.`;
	const best = asked.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
	const worst = asked.reduce((a, b) => (b.accuracy <= a.accuracy ? b : a));
	const guess = `A guess among the values shown is right in ${share(chances(vocabulary, worst.pairs).shown)} of them.`;
	const found =
		best === worst || best.accuracy === worst.accuracy
			? `recall is ${cellText(worst)}`
			: `recall falls from ${cellText(best)} to ${cellText(worst)}`;
	return `${state}: ${found}. ${guess}`;
}

/** `MQAR 8 pairs 99.9 % · 32 pairs 55 %`: the easiest cell under the perfect ones, and the hardest; empty before any. */
export function lensText(cells: readonly CellTally[]): string {
	const asked = cells.filter((cell) => cell.asked > 0);
	const shown = asked.filter(({ pairs }) => pairs === 8 || pairs === 32);
	const chosen = shown.length > 0 ? shown : asked.slice(0, 2);
	const seen = new Map(chosen.map((cell) => [cell.pairs, cell]));
	const parts = [...seen.values()].map(
		({ pairs, accuracy }) => `${pairs} pairs ${share(accuracy)}`,
	);
	return parts.length === 0 ? '' : `MQAR ${parts.join(' · ')}`;
}
