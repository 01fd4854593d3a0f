/** Where a webview keeps a value over reloads; `acquireVsCodeApi()` is one. */
export interface StateStore {
	getState(): unknown;
	setState(state: unknown): void;
}

interface Kept {
	/** The view last looked at, by model. */
	readonly view: Readonly<Record<string, string>>;
	/** What each view saved, by model and view. */
	readonly state: Readonly<Record<string, unknown>>;
	/** Models that this page has run: they run again when it is restored. */
	readonly ran: readonly string[];
}

/** What a page keeps of its pictures. Read from unknown on every start: an older version may have written it. */
export class SavedState {
	private kept: Kept;

	constructor(private readonly store: StateStore) {
		this.kept = readKept(store.getState());
	}

	view(uri: string): string | undefined {
		return this.kept.view[uri];
	}

	state(uri: string, view: string): unknown {
		return this.kept.state[`${uri}#${view}`];
	}

	hasRun(uri: string): boolean {
		return this.kept.ran.includes(uri);
	}

	ran(uri: string): void {
		if (!this.hasRun(uri)) this.save({ ...this.kept, ran: [...this.kept.ran, uri] });
	}

	saveView(uri: string, view: string, state: unknown): void {
		this.save({
			...this.kept,
			view: { ...this.kept.view, [uri]: view },
			state: { ...this.kept.state, [`${uri}#${view}`]: state },
		});
	}

	private save(kept: Kept): void {
		this.kept = kept;
		this.store.setState(kept);
	}
}

function readKept(value: unknown): Kept {
	const { view, state, ran } = asTable(value);
	return {
		view: Object.fromEntries(
			Object.entries(asTable(view)).flatMap(([uri, id]) =>
				typeof id === 'string' ? [[uri, id] as const] : [],
			),
		),
		state: asTable(state),
		ran: Array.isArray(ran) ? ran.filter((uri) => typeof uri === 'string') : [],
	};
}

function asTable(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: {};
}
