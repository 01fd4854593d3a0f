import { describe, expect, it } from 'vitest';
import { recallFindings } from './finding.ts';
import type { RecallData } from './compute.ts';
import { act, controls } from './controls.ts';
import { recallQueries } from './detail.ts';
import { exportRecall } from './export.ts';
import type { Known, RecallDetail, RecallQuery } from './known.ts';
import { layoutRecall } from './layout.ts';
import type { BatchResult } from './probe.ts';
import { restore, type RecallState } from './state.ts';
import { examplesOf, type Batch } from './task.ts';
import { lossesOf, readOwnText } from './text/own-text.ts';
import { fitsRecall } from './token-model.ts';
import { modelWith, site } from '../../../test/views/hand-made-run.ts';

const size = { width: 280, height: 600, characterWidth: 6.6, lineHeight: 16 };
const ids = { name: 'ids', dtype: 'int64', shape: ['batch', 'length'] };
const logits = { name: 'logits', dtype: 'float32', shape: ['batch', 'length', 256] };
const data: RecallData = {
	name: 'model.onnx',
	tokenModel: { ids, sides: [], logits, batch: undefined, length: undefined },
	vocabulary: 256,
	sites: [site],
	text: readOwnText(Int32Array.of(1, 2, 3, 1, 2), [], new Float32Array(5 * 256)),
};

/** A model that says the value of each key, but for the first pair of every example. */
function answered(batch: Batch): BatchResult {
	const asked = examplesOf(batch).flatMap(({ queries }, at) =>
		queries.map(({ key, value, queryAt, valueAt }, pair) => {
			const wrong = pair === 0;
			return {
				...{
					from: batch.from,
					example: batch.from + at,
					pair,
					key,
					label: value,
					queryAt,
					valueAt,
				},
				said: wrong ? queries[1]!.value : value,
				rank: wrong ? 1 : 0,
				margin: wrong ? -1 : 1,
			};
		}),
	);
	return { kind: 'batch', asked, milliseconds: { total: 10, model: 9 } };
}

/** Answers what is asked, one question after the other, as the shell would. */
class Shell {
	private readonly kept = new Map<string, RecallDetail>();
	readonly known: Known = (query) => this.kept.get(JSON.stringify(query));

	/** @returns what was asked and is not known yet */
	asks(state: RecallState): RecallQuery[] {
		return recallQueries(data, state, size, this.known).filter((query) => !this.known(query));
	}

	answer(state: RecallState): number {
		const asked = this.asks(state);
		for (const query of asked) {
			if (query.kind === 'batch') this.kept.set(JSON.stringify(query), answered(query.batch));
		}
		return asked.length;
	}

	finish(state: RecallState): void {
		while (this.answer(state) > 0);
	}
}

describe('the recall view', () => {
	it('fits models from token ids to logits, and says why others do not', () => {
		const plain = { ...modelWith(site), inputs: [ids], outputs: [logits] };
		const mask = { ...ids, name: 'attention_mask' };
		expect(fitsRecall(plain)).toEqual({ fits: true });
		expect(fitsRecall({ ...plain, inputs: [ids, mask] })).toEqual({ fits: true });
		const pixels = { name: 'pixels', dtype: 'float32', shape: [1, 3, 8, 8] };
		expect(fitsRecall({ ...plain, inputs: [pixels] })).toMatchObject({
			fits: false,
			reason: expect.stringContaining('this one maps pixels to logits') as string,
		});
	});

	it.each([
		['4, 8,16', [4, 8, 16]],
		[8, [8]],
		[
			[32, 4, 4],
			[4, 32],
		],
		['none', [4, 8, 16, 32]],
		[-3, [4, 8, 16, 32]],
	])('reads pairs from %j', (pairs, expected) => {
		expect(restore(data, { pairs }).pairs).toEqual(expected);
	});

	it('asks one batch at a time, stops when told, and goes on with what it has', () => {
		const shell = new Shell();
		const state = restore(data, { pairs: [4], lengths: [128], queries: 512 });
		expect(shell.asks(state)).toHaveLength(1);
		shell.answer(state);
		shell.answer(state);
		const stopped = { ...state, stops: 1 };
		expect(shell.asks(stopped)).toEqual([]);
		const words = () => layoutRecall(data, stopped, size, shell.known).description;
		expect(words()).toMatch(/^Stopped after 256 of 512 queries: recall is 75 % at 4 pairs/);
		expect(controls(data, stopped, shell.known).map(({ label }) => label)).toContain('Resume');
		const resumed = { ...state, stops: 2 };
		shell.finish(resumed);
		expect(layoutRecall(data, resumed, size, shell.known).description).toMatch(
			/^512 of 512 queries asked/,
		);
		expect(controls(data, resumed, shell.known).map(({ field }) => field)).not.toContain('stops');
	});

	it('tabulates shares with their intervals and chances, and tells them to the editor', () => {
		const shell = new Shell();
		const state = restore(data, { pairs: [8, 32], lengths: [128], queries: 256 });
		shell.finish(state);
		const { csv, json } = exportRecall(data, state, shell.known);
		expect(csv.trim().split('\n')).toHaveLength(1 + 512);
		expect(json).toMatchObject({
			table: [
				{ pairs: 8, asked: 256, right: 224, accuracy: 7 / 8, chance: { shown: 1 / 8 } },
				{ pairs: 32, asked: 256, right: 248, accuracy: 31 / 32 },
			],
		});
		const [finding] = recallFindings(data, state, shell.known);
		expect(finding).toMatchObject({
			site: site.id,
			lens: 'MQAR 8 pairs 87.5 % · 32 pairs 96.9 %',
			proof: null,
		});
		expect(recallFindings(data, state, () => undefined)).toEqual([]);
	});

	it('lists failures first, within the width, and asks why of the one chosen', () => {
		const shell = new Shell();
		const start = restore(data, { pairs: [4], lengths: [64], queries: 64 });
		shell.finish(start);
		const { targets, marks, width } = layoutRecall(data, start, size, shell.known);
		expect(targets.find(({ id }) => id === 'rows')!.rows).toBe(12);
		for (const mark of marks) if (mark.kind === 'rect') expect(mark.x + mark.width).toBeLessThanOrEqual(width); // prettier-ignore
		const press = { kind: 'press', target: 'rows', row: 1, column: 0 } as const;
		const chosen = act(data, start, press, shell.known);
		expect(shell.asks(chosen)).toEqual([expect.objectContaining({ kind: 'why', pair: 0 })]);
	});

	it('says what has no room', () => {
		const state = restore(data, { pairs: [40], lengths: [64] });
		expect(layoutRecall(data, state, size, () => undefined).description).toMatch(
			/^No number of pairs asked for has room/,
		);
	});
});

describe('the run’s own text', () => {
	it('splits the loss of each token by whether the text recalls it', () => {
		// token 4 completes the bigram 1 2; there the logits are sure of it
		const told = new Float32Array(5 * 8);
		told[3 * 8 + 2] = 20;
		const text = readOwnText(Int32Array.of(1, 2, 3, 1, 2), [], told);
		expect(text.hits).toEqual([{ at: 4, sourceAt: 1, distance: 3 }]);
		expect(text.said[4]).toBe(2);
		const { recalled, others } = lossesOf(text);
		expect(recalled).toBeCloseTo(0, 6);
		expect(others).toBeCloseTo(Math.log(8), 6);
	});
});
