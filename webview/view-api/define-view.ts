import type { FetchDetail, OpenView, View, ViewDefinition } from './view.ts';

/** Closes over a view's own types, and keeps what it fetched. */
export function defineView<Data, State extends object, Query, Detail>(
	definition: ViewDefinition<Data, State, Query, Detail>,
): View {
	return {
		id: definition.id,
		title: definition.title,
		findsMore: definition.findsMore ?? false,
		fit: (model) => definition.fit(model),
		taps: (model) => definition.taps(model),
		compute: (context) => definition.compute(context),
		detail: (context, data, query) => definition.detail(context, data as Data, query as Query),
		open: (data, saved, fetch, changed) =>
			openView(definition, data as Data, saved, fetch, changed),
	};
}

function openView<Data, State extends object, Query, Detail>(
	definition: ViewDefinition<Data, State, Query, Detail>,
	data: Data,
	saved: unknown,
	fetch: FetchDetail,
	changed: () => void,
): OpenView {
	let state = definition.restore(data, saved);
	const details = new DetailCache<Query, Detail>(fetch, changed, definition.keep ?? KEPT_DETAILS);
	const known = (query: Query) => details.get(query);
	return {
		controls: () => definition.controls(data, state, known),
		value: (field) => (state as Record<string, unknown>)[field],
		save: () => state,
		// re-read through restore, so that an out-of-range value cannot enter the state
		set: (field, value) => void (state = definition.restore(data, { ...state, [field]: value })),
		focus: (site) => void (state = definition.focus(data, state, site)),
		act: (event) => void (state = definition.act(data, state, event, known)),
		advance: (seconds) => {
			const before = state;
			state = definition.step?.(data, state, seconds, known) ?? state;
			return state !== before;
		},
		scene: (size) => {
			const queries = definition.queries(data, state, size, known);
			const pending = details.want(queries);
			const trouble = details.trouble(queries);
			return { scene: definition.layout(data, state, size, known), pending, trouble };
		},
		proofs: () => definition.proofs(data),
		findings: () => definition.findings(data, state, known),
		export: () => definition.export(data, state, known),
	};
}

/** Answers stay for as long as the run they belong to, the least recently wanted leaving first; a view may keep more. */
const KEPT_DETAILS = 64;

class DetailCache<Query, Detail> {
	private readonly kept = new Map<string, Detail>();
	private readonly asked = new Set<string>();
	/** A query that failed is not asked again: its refusal would come on every frame. */
	private readonly failed = new Map<string, string>();

	constructor(
		private readonly fetch: FetchDetail,
		private readonly changed: () => void,
		private readonly most: number,
	) {}

	get(query: Query): Detail | undefined {
		return this.kept.get(JSON.stringify(query));
	}

	/** Asks for what is missing; true while something is on its way. */
	want(queries: readonly Query[]): boolean {
		for (const query of queries) {
			const key = JSON.stringify(query);
			const found = this.kept.get(key);
			if (found !== undefined) {
				this.kept.delete(key);
				this.kept.set(key, found);
			} else if (!this.asked.has(key) && !this.failed.has(key)) {
				this.asked.add(key);
				void this.load(key, query);
			}
		}
		return this.asked.size > 0;
	}

	/** Why the first of the queries that failed did; empty for none. */
	trouble(queries: readonly Query[]): string {
		// asked on every frame, and hardly ever is there anything to tell
		if (this.failed.size === 0) return '';
		const whys = queries.map((query) => this.failed.get(JSON.stringify(query)));
		return whys.find((why) => why !== undefined) ?? '';
	}

	private async load(key: string, query: Query): Promise<void> {
		try {
			this.kept.set(key, (await this.fetch(query)) as Detail);
			const oldest = this.kept.keys().next().value;
			if (this.kept.size > this.most && oldest !== undefined) this.kept.delete(oldest);
		} catch (error) {
			this.failed.set(key, error instanceof Error ? error.message : String(error));
		} finally {
			this.asked.delete(key);
			this.changed();
		}
	}
}
