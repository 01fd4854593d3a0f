import { trainingRun, type TrainingRun } from '../protocol/model.ts';

/** The file beside a model that tells how it was trained. */
export const METRICS_FILE = 'metrics.json';
const MOST_COMPARED = 8;
const MOST_CHARACTERS = 4_000_000;
/** A neighbour of the model's folder and nothing further away. */
const neighbour = /^(?:\.\/)?(?:\.\.\/[^/\\.][^/\\]*\/)?metrics[\w.-]*\.json$/;

/** Reads a text file by its path from the model's folder; undefined where there is none. */
export type ReadBeside = (path: string) => Promise<string | undefined>;

/**
 * The training runs that stand in `metrics.json` beside a model, and in those that it names in `compare`, paths such as
 * `../other-model/metrics.json`. What is missing or written in another way is left out: it is no part of the model.
 *
 * A file holds `title` or `name`, `parameters`, `training: {seed, curve: [{step, seconds, loss}]}`, and may hold more
 * seeds in `seeds: [{training}]` and more models in `variants: {name: the same again}`.
 */
export async function readTraining(read: ReadBeside): Promise<TrainingRun[]> {
	const own = await metricsOf(read, METRICS_FILE);
	if (!own) return [];
	const named = Array.isArray(own['compare']) ? (own['compare'] as unknown[]) : [];
	const paths = named.filter((path): path is string => typeof path === 'string' && neighbour.test(path)); // prettier-ignore
	const others = await Promise.all(
		paths.slice(0, MOST_COMPARED).map((path) => metricsOf(read, path)),
	);
	return [own, ...others].flatMap((metrics) => (metrics ? runsOf(metrics) : []));
}

type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

async function metricsOf(read: ReadBeside, path: string): Promise<Table | undefined> {
	const text = await read(path).catch(() => undefined);
	if (text === undefined || text.length > MOST_CHARACTERS) return undefined;
	try {
		const value: unknown = JSON.parse(text);
		return isTable(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function runsOf(metrics: Table): TrainingRun[] {
	const told = [metrics['title'], metrics['name']];
	const name = told.find((word): word is string => typeof word === 'string') ?? 'this model';
	const variants = isTable(metrics['variants']) ? Object.entries(metrics['variants']) : [];
	return [
		...runsUnder(metrics, name),
		...variants.flatMap(([variant, entry]) =>
			isTable(entry) ? runsUnder(entry, `${name}, ${variant}`) : [],
		),
	];
}

/** One run a seed; of the same seed told twice, once. */
function runsUnder(entry: Table, name: string): TrainingRun[] {
	const seeds = Array.isArray(entry['seeds']) ? (entry['seeds'] as unknown[]) : [];
	const told = [entry, ...seeds].flatMap((each) =>
		isTable(each) && isTable(each['training']) ? [each['training']] : [],
	);
	const runs = new Map<string, TrainingRun>();
	for (const training of told) {
		try {
			const run = trainingRun({ ...training, name, parameters: entry['parameters'] }, 'training');
			const key = String(run.seed);
			if (run.curve.length > 0 && !runs.has(key)) runs.set(key, run);
		} catch {
			continue;
		}
	}
	return [...runs.values()];
}
