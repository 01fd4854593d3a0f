import { describe, expect, it } from 'vitest';
import { defineView } from './define-view.ts';
import type { View } from './view.ts';

const size = { width: 300, height: 200, characterWidth: 7, lineHeight: 16 };

interface State {
	readonly asked: number;
	readonly left: number;
}

/** Asks its worker for the double of a number, and moves for as long as time is left. */
function doubling(): View {
	return defineView<null, State, number, number>({
		id: 'doubling',
		title: 'Doubling',
		fit: () => ({ fits: true }),
		taps: () => [],
		compute: () => Promise.resolve(null),
		detail: (_context, _data, query) => Promise.resolve(2 * query),
		queries: (_data, { asked }) => [asked],
		restore: (_data, saved) => ({ asked: 1, left: 0.15, ...(saved as Partial<State>) }),
		focus: (_data, state) => state,
		controls: () => [],
		act: (_data, state) => state,
		layout: (_data, { asked }, { width, height }, detail) => ({
			site: '',
			title: '',
			description: `twice ${asked} is ${String(detail(asked))}`,
			...{ width, height, marks: [], targets: [], figures: [], readout: '' },
		}),
		proofs: () => [],
		findings: () => [],
		export: () => ({ csv: '', json: null }),
		step: (_data, state, seconds) =>
			state.left > 0 ? { ...state, left: state.left - seconds } : state,
	});
}

/** Opens the view over a worker that answers as told, and lays out until nothing is pending. */
async function settled(fetch: (query: unknown) => Promise<unknown>) {
	return new Promise<ReturnType<ReturnType<View['open']>['scene']>>((resolve) => {
		const changed = () => {
			const drawn = opened.scene(size);
			if (!drawn.pending) resolve(drawn);
		};
		const opened = doubling().open(null, undefined, fetch, changed);
		changed();
	});
}

describe('an open view', () => {
	it('is laid out again when what it lacked arrived', async () => {
		const { scene, trouble } = await settled((query) => Promise.resolve(2 * Number(query)));
		expect(scene.description).toBe('twice 1 is 2');
		expect(trouble).toBe('');
	});

	it('tells why what it lacked did not come, and asks no second time', async () => {
		let asked = 0;
		const { trouble } = await settled(() => {
			asked++;
			return Promise.reject(new Error('there is no room'));
		});
		expect(trouble).toBe('there is no room');
		expect(asked).toBe(1);
	});

	it('moves until its state stays the same', () => {
		const opened = doubling().open(
			null,
			undefined,
			() => Promise.resolve(0),
			() => undefined,
		);
		const moved = [opened.advance(0.1), opened.advance(0.1), opened.advance(0.1)];
		expect(moved).toEqual([true, true, false]);
	});
});
