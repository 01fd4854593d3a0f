import type { ModelName } from '../../../../extension/protocol/model.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { runBatch, runTokens } from '../probe.ts';
import { tally, type CellTally } from '../tally.ts';
import { batchesOf, examplesOf, hasRoom, type Cell, type Task } from '../task.ts';
import { fitsRecall, tokenModel } from '../token-model.ts';
import { stateElements, stateTaps } from './state-elements.ts';

/** Which models there are. */
export interface ListQuery {
	readonly kind: 'models';
}

export interface ListDetail {
	readonly kind: 'models';
	readonly models: readonly Candidate[];
}

export interface Candidate extends ModelName {
	/** Why it cannot be asked; empty where it can. */
	readonly unfit: string;
}

/** The same task asked of another model. */
export interface ModelQuery {
	readonly kind: 'model';
	readonly uri: string;
	readonly name: string;
	readonly task: Task;
	readonly cells: readonly Cell[];
	readonly queries: number;
}

export interface ModelDetail {
	readonly kind: 'model';
	readonly cells: readonly CellTally[];
	/** Numbers kept of the past, by cell's length; null where they cannot be counted. */
	readonly elements: readonly { readonly length: number; readonly count: number | null }[];
	/** Why it was not asked; empty where it was. */
	readonly reason: string;
}

/** Graphs that are read to tell whether they fit: more are listed by name and told when chosen. */
const MOST_READ = 60;

export async function listModels(context: ViewContext): Promise<ListDetail> {
	const names = await context.models.list();
	const models: Candidate[] = [];
	for (const [at, name] of names.entries()) {
		context.signal.throwIfAborted();
		context.progress('Reading graphs', at, names.length);
		models.push({ ...name, unfit: at < MOST_READ ? await unfit(context, name.uri) : '' });
	}
	return { kind: 'models', models };
}

async function unfit(context: ViewContext, uri: string): Promise<string> {
	try {
		const fit = fitsRecall(await context.models.summary(uri));
		return fit.fits ? '' : fit.reason;
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}

/** Loads the model, asks every cell that has room in its vocabulary, and lets it go. */
export async function askModel(
	context: ViewContext,
	{ uri, name, task: asked, cells, queries }: ModelQuery,
): Promise<ModelDetail> {
	const { models } = context;
	context.progress(`Asking ${name}`);
	try {
		const summary = await models.summary(uri);
		const found = tokenModel(summary);
		if (!found) return { kind: 'model', cells: [], elements: [], reason: 'It maps no token ids to logits.' }; // prettier-ignore
		const other = {
			again: (request: Parameters<typeof models.run>[1]) => models.run(uri, request),
		};
		// one short run tells the vocabulary
		const first = await runTokens(other, found, [new Int32Array(found.length ?? 8).fill(1)]);
		const task = { ...asked, vocabulary: first.vocabulary };
		first.release();
		const results: CellTally[] = [];
		for (const cell of cells.filter((each) => hasRoom(task, each))) {
			const batches = batchesOf(task, [cell], queries, found.batch);
			const answers = [];
			for (const batch of batches) {
				context.signal.throwIfAborted();
				answers.push(...(await runBatch(other, found, batch)).asked);
			}
			results.push({ ...cell, planned: answers.length, ...tally(answers) });
		}
		const elements: { length: number; count: number | null }[] = [];
		for (const length of new Set(results.map((cell) => cell.length))) {
			const cell = results.find((each) => each.length === length)!;
			const [example] = examplesOf({ task, cell, from: 0, count: 1 });
			const rows = Array.from({ length: found.batch ?? 1 }, () => example!.tokens);
			const run = await runTokens(other, found, rows, { taps: stateTaps(summary.sites) });
			elements.push({ length, count: await stateElements(run, summary.sites, length) });
			run.release();
		}
		return { kind: 'model', cells: results, elements, reason: '' };
	} catch (error) {
		if (context.signal.aborted) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		return { kind: 'model', cells: [], elements: [], reason };
	} finally {
		await models.free(uri);
	}
}
