import type { TrainingRun } from '../../../extension/protocol/model.ts';

/** The runs of one model, seeds together. */
export interface ComparedModel {
	readonly name: string;
	readonly parameters: number | null;
	readonly runs: readonly TrainingRun[];
	readonly seeds: number;
	/** Mean loss at the end, and the standard deviation over seeds. */
	readonly last: number;
	readonly spread: number;
	/** Mean time of a whole run. */
	readonly seconds: number;
	/** Mean loss when that time was spent, by straight lines between the points. */
	readonly at: (seconds: number) => number;
}

export function comparedModels(training: readonly TrainingRun[]): ComparedModel[] {
	const names = [...new Set(training.map(({ name }) => name))];
	return names.map((name) => {
		const runs = training.filter((run) => run.name === name);
		const mean = (of: (run: TrainingRun) => number) =>
			runs.reduce((sum, run) => sum + of(run) / runs.length, 0);
		const last = mean(({ curve }) => curve.at(-1)!.loss);
		const square = mean(({ curve }) => (curve.at(-1)!.loss - last) ** 2);
		return {
			...{ name, runs, last },
			parameters: runs[0]!.parameters,
			seeds: runs.length,
			spread: runs.length > 1 ? Math.sqrt((square * runs.length) / (runs.length - 1)) : 0,
			seconds: mean(({ curve }) => curve.at(-1)!.seconds),
			at: (seconds) => mean(({ curve }) => lossAt(curve, seconds)),
		};
	});
}

function lossAt(curve: TrainingRun['curve'], seconds: number): number {
	const after = curve.findIndex((point) => point.seconds >= seconds);
	if (after < 0) return curve.at(-1)!.loss;
	if (after === 0) return curve[0]!.loss;
	const [a, b] = [curve[after - 1]!, curve[after]!];
	const part = b.seconds === a.seconds ? 1 : (seconds - a.seconds) / (b.seconds - a.seconds);
	return a.loss + (b.loss - a.loss) * part;
}
