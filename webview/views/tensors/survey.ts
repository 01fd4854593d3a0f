import type { OtherRun, ViewContext } from '../../view-api/view.ts';
import { distanceOf, numbersOf, type Numbers } from './numbers.ts';

/** One tensor of a survey. */
export interface Surveyed {
	readonly name: string;
	readonly numbers: Numbers;
	/** WebGPU against WASM: ‖difference‖ / ‖WASM‖, NaN where one has numbers and the other has none; null where only one ran. */
	readonly relative: number | null;
	readonly largest: number | null;
	/** Why it could not be read; empty where it was. */
	readonly problem: string;
}

/** Tensors read by one session: enough to be quick, few enough for a device's memory and for a progress line. */
export const BATCH = 96;

const NOTHING = numbersOf(new Float32Array());

/**
 * Reads tensors by name, in one run or, to compare, in one on each backend. What the runtime refuses to read costs only
 * itself: the batch is halved until the one is alone.
 */
export async function survey(
	context: ViewContext,
	names: readonly string[],
	compare: boolean,
): Promise<Surveyed[]> {
	try {
		return await together(context, names, compare);
	} catch (error) {
		if (context.signal.aborted || !(error instanceof Error)) throw error;
		const [name] = names;
		if (names.length === 1 && name !== undefined)
			return [{ name, numbers: NOTHING, relative: null, largest: null, problem: error.message }];
		const half = Math.ceil(names.length / 2);
		return [
			...(await survey(context, names.slice(0, half), compare)),
			...(await survey(context, names.slice(half), compare)),
		];
	}
}

async function together(
	context: ViewContext,
	names: readonly string[],
	compare: boolean,
): Promise<Surveyed[]> {
	const runs: OtherRun[] = [];
	try {
		runs.push(await context.again({ taps: names }));
		if (compare) runs.push(await context.again({ taps: names, backend: 'wasm' }));
		const [first, second] = runs;
		const found: Surveyed[] = [];
		for (const name of names) {
			const values = await (await first!.tensor(name)).read();
			const other = second && (await (await second.tensor(name)).read());
			const apart = other && distanceOf(values, other);
			found.push({
				name,
				numbers: numbersOf(values),
				relative: apart?.relative ?? null,
				largest: apart?.largest ?? null,
				problem: '',
			});
		}
		return found;
	} finally {
		for (const run of runs) run.release();
	}
}
