import { percent } from '../../view-api/format.ts';
import type { Mark, Role, Size } from '../../view-api/scene.ts';
import { bytesText, type Account } from './account.ts';

/** What the routed layers hold after the last token: all linear, as routed, all softmax; rows of keys and values, and states. */
export function memoryBars(
	accounts: readonly Account[],
	routed: string,
	y: number,
	size: Size,
): { marks: Mark[]; height: number } {
	const sum = (value: (account: Account) => number) =>
		accounts.reduce((total, account) => total + value(account), 0);
	const [kept, states, all] = [
		sum(({ keptBytes }) => keptBytes),
		sum(({ stateBytes }) => stateBytes),
		sum(({ allBytes }) => allBytes),
	];
	const [rows, allRows] = [sum((each) => each.rows), sum((each) => each.allRows)];
	const narrow = size.width < 640;
	const split = `${bytesText(kept)} + states ${bytesText(states)}`;
	const lines: readonly (readonly [name: string, kv: number, state: number, words: string])[] = [
		['all softmax', all, 0, `${bytesText(all)}: ${count(allRows)} KV rows`],
		[routed, kept, states, `${bytesText(kept + states)}: ${count(rows)} KV rows (${percent(rows / allRows)})${narrow ? '' : `, ${split}`}`], // prettier-ignore
		['all linear', 0, states, `${bytesText(states)}: the states alone`],
	];
	const { lineHeight, characterWidth, width } = size;
	const x = Math.min(width * 0.3, 18 * characterWidth);
	const longest = narrow ? width - x : Math.min(420, width * 0.35);
	const step = lineHeight * (narrow ? 2.1 : 1.25);
	const most = Math.max(all, kept + states);
	const marks = lines.flatMap(([name, kv, state, words], at): Mark[] => {
		const middle = y + (at + 0.5) * step - (narrow ? lineHeight / 2 : 0);
		const [exact, folded] = [(kv / most) * longest, (state / most) * longest];
		const line = { kind: 'text', size: 'small' } as const;
		const bar = (from: number, long: number, fill: Role, high: number): Mark[] =>
			long > 0 ? [{ kind: 'rect', x: from, y: middle + 5 - high, width: Math.max(1, long), height: high, fill }] : []; // prettier-ignore
		return [
			{ ...line, x: 0, y: middle, text: name, fill: 'muted', maxWidth: x - 6 },
			...bar(x, exact, 'softmax', 11),
			...bar(x + exact, folded, 'linear', 5),
			narrow
				? { ...line, x, y: middle + lineHeight, text: words, fill: 'text', maxWidth: width - x }
				: { ...line, x: x + exact + folded + 8, y: middle, text: words, fill: 'text', maxWidth: width - x - exact - folded - 8 }, // prettier-ignore
		];
	});
	return { marks, height: step * lines.length };
}

const count = (rows: number) => rows.toLocaleString('en-US');
