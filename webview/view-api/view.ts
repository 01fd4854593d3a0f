import type { ArrayFile, ArrayFileContent, StoredArray } from '../../extension/protocol/files.ts';
import type { AttentionSite, ModelName, ModelSummary } from '../../extension/protocol/model.ts';
import type { Backend, ModelInput, Proof } from '../../extension/protocol/run.ts';
import type { TensorSearch, TensorsFound } from '../../extension/protocol/tensors.ts';
import type { OpenSite } from './open-site.ts';
import type { NamedTensor, ReadsTensors } from './named-tensor.ts';
import type { Scene, Size } from './scene.ts';

/** Whether a view has anything to show for a model; the reason is shown to the user. */
export type Fit =
	/** `first`: what the model is about, shown before other views where none was picked yet. */
	| { readonly fits: true; readonly first?: true }
	| { readonly fits: false; readonly reason: string };

/** Values to put in a tensor's place, row-major; converted to `dtype`, the tensor's own. */
export interface Override {
	readonly tensor: string;
	readonly dtype: string;
	readonly shape: readonly number[];
	readonly values: Float32Array<ArrayBuffer>;
}

/** Another run of the same model on the same backend. */
export interface RunAgain {
	/** The run's own where left out. */
	readonly input?: ModelInput;
	readonly overrides?: readonly Override[];
	/** Tensors to read. The model's own outputs are always read. */
	readonly taps: readonly string[];
	/** Where to run; the run's own backend where left out. */
	readonly backend?: Backend;
}

/** Where the nodes of the run's graph were placed, after the runtime had fused some of them. */
export interface Placement {
	/** By processor, `WebGPU` or `CPU`; the operator type of each node, and its name where it has one. */
	readonly nodes: readonly {
		readonly processor: string;
		readonly op: string;
		readonly name: string;
	}[];
}

/** The tensors of another run; they are the asker's until released. */
export interface OtherRun {
	/**
	 * Of an overridden tensor: what the model would have computed there.
	 * @throws RunError `no-such-tensor`
	 */
	tensor(name: string): Promise<NamedTensor>;
	/** As `ViewContext.attention`, over the tensors of this run. */
	attention(site: AttentionSite): Promise<OpenSite>;
	release(): void;
}

/**
 * Files with arrays near the model, such as dictionaries and stored inputs: `.safetensors` and `.npz`.
 * Each method rejects with a sentence for a file that is not what it should be.
 */
export interface ArrayFiles {
	/** Those of the model's folder first. */
	list(): Promise<readonly ArrayFile[]>;
	describe(path: string): Promise<ArrayFileContent>;
	read(path: string, name: string): Promise<StoredArray>;
	/** Asks the user for one; null where none was chosen, or nobody can be asked. */
	pick(): Promise<ArrayFile | null>;
}

/** What another model is given and what is read of it. */
export type RunOther = Required<Pick<RunAgain, 'input' | 'taps'>>;

/** The other models of the workspace, on the backend of the run on show. */
export interface WorkspaceModels {
	list(): Promise<readonly ModelName[]>;
	/** @throws where it is not listed or its graph cannot be read, with a sentence */
	summary(uri: string): Promise<ModelSummary>;
	/**
	 * Loads the model where it is not, and runs it.
	 * @throws RunError with the runtime's words
	 */
	run(uri: string, request: RunOther): Promise<OtherRun>;
	/** Lets go of its bytes and sessions; whoever ran it and is done calls this. */
	free(uri: string): Promise<void>;
}

/** What `compute` and `detail` may reach, in the worker or in Node: nothing else is handed to them. */
export interface ViewContext extends ReadsTensors {
	readonly model: ModelSummary;
	/** Undefined where no GPU was granted; kernels then use their float64 references. */
	readonly device: GPUDevice | undefined;
	/** What stands on the token axes, one a token; ids as text where the input has no words. Empty for none. */
	readonly tokens: readonly string[];
	/** Expected ids, one a token, −100 where none; empty for none. */
	readonly labels: readonly number[];
	/** What the last run was given. */
	readonly input: ModelInput;
	/**
	 * A site's attention over the tensors of the run, which must have read `attentionTaps(site)`.
	 * @throws SiteTensorError or KernelError, with a sentence, where the site cannot be computed
	 */
	attention(site: AttentionSite): Promise<OpenSite>;
	/**
	 * Runs the model once more, with other inputs, with tensors replaced or on another backend; the run on show stays as it is. The session for
	 * the same taps and overridden names is kept, so that a dial costs a run and not a session.
	 * @throws RunError `session` with the runtime's words, or naming what cannot be read or replaced and why
	 */
	again(request: RunAgain): Promise<OtherRun>;
	readonly files: ArrayFiles;
	readonly models: WorkspaceModels;
	/** Float tensors of the graph by words of their names, in graph order; any of them can be read by `again`. */
	findTensors(search: TensorSearch): Promise<TensorsFound>;
	/** Where the run was, and why there. */
	readonly chosen: { readonly backend: Backend; readonly reason: string; readonly adapter: string };
	/**
	 * Makes the session once more to hear from the runtime where it places each node.
	 * @throws RunError `session` where the runtime does not say
	 */
	placement(): Promise<Placement>;
	/** Says what is being done, for the progress line; `done` of `total` where known. */
	progress(message: string, done?: number, total?: number): void;
	readonly signal: AbortSignal;
}

/** A control the shell draws, labels and restores; it edits one field of the state. */
export type Control<Field extends string = string> = {
	readonly field: Field;
	readonly label: string;
	readonly help?: string;
} & (
	| { readonly kind: 'toggle' }
	/** Pressing it sets its field to the number of presses so far. */
	| { readonly kind: 'button'; readonly icon?: string }
	/** A line of text, such as a search; the state follows every key. */
	| { readonly kind: 'text'; readonly placeholder?: string }
	| { readonly kind: 'slider'; readonly min: number; readonly max: number; readonly step: number }
	| {
			readonly kind: 'choice';
			readonly options: readonly { readonly value: string; readonly label: string }[];
	  }
);

/** What a user did in a scene. `point` is hovering or moving the keyboard's cursor; `press` a click or Enter. */
export interface SceneEvent {
	readonly kind: 'point' | 'press' | 'leave';
	readonly target: string;
	/** In a grid target. */
	readonly row: number;
	readonly column: number;
}

/** A file of the picture's data. */
export interface DataExport {
	readonly csv: string;
	readonly json: unknown;
}

/** The numbers of one site for CodeLens, hovers and the tree, with a small scene to draw there. */
export interface SiteFinding {
	readonly site: string;
	readonly description: string;
	/** The numbers for the line above the code, such as `31 % softmax`; empty to say entropy and reach alone. */
	readonly lens: string;
	readonly entropy: number | null;
	readonly reach: number | null;
	/** Null where the finding is no picture of a matrix that could be proved. */
	readonly proof: Proof | null;
	readonly picture: Scene;
	/** As high as a line of code, to stand after the line that chose. */
	readonly strip?: Scene;
}

/**
 * A visualizer. `taps`, `compute` and `detail` run where the tensors are (worker, Node); the rest runs in the page and is pure.
 * Data, State, Query and Detail are plain values that structured clone can carry.
 */
export interface ViewDefinition<Data, State extends object, Query, Detail> {
	/** Its folder's name; also the key its state is saved under. */
	readonly id: string;
	readonly title: string;
	fit(model: ModelSummary): Fit;
	/** Names of the tensors it needs of a run. */
	taps(model: ModelSummary): readonly string[];
	/** Reads tensors, runs kernels. No DOM, no drawing. */
	compute(context: ViewContext): Promise<Data>;
	/**
	 * What the picture needs beyond `data` at this state and size; the shell fetches it, keeps it and lays out again. A view
	 * whose next question waits for an answer looks at what is `known`.
	 */
	queries(
		data: Data,
		state: State,
		size: Size,
		known: (query: Query) => Detail | undefined,
	): readonly Query[];
	/** How many answers are kept; 64 where absent. */
	readonly keep?: number;
	detail(context: ViewContext, data: Data, query: Query): Promise<Detail>;
	/** The state to start from; `saved` is whatever an older version of this view left behind. */
	restore(data: Data, saved: unknown): State;
	/** The state that shows a site. */
	focus(data: Data, state: State, site: AttentionSite): State;
	controls(
		data: Data,
		state: State,
		known: (query: Query) => Detail | undefined,
	): readonly Control<keyof State & string>[];
	act(
		data: Data,
		state: State,
		event: SceneEvent,
		known: (query: Query) => Detail | undefined,
	): State;
	/** The same arguments give the same scene, so a test can compare it. `detail` is undefined until it arrived. */
	layout(data: Data, state: State, size: Size, detail: (query: Query) => Detail | undefined): Scene;
	/** The proofs behind what is shown, one a site. */
	proofs(data: Data): readonly Proof[];
	findings(
		data: Data,
		state: State,
		known: (query: Query) => Detail | undefined,
	): readonly SiteFinding[];
	/** Whether its findings grow with what it asks, so that they are told again. */
	readonly findsMore?: boolean;
	export(data: Data, state: State, detail: (query: Query) => Detail | undefined): DataExport;
	/**
	 * For views that move: the state `seconds` later; the same object where nothing moves, which stops the clock until the
	 * user does something or a detail arrives. A view starts at rest where the user asked the system for less motion.
	 */
	step?(
		data: Data,
		state: State,
		seconds: number,
		known: (query: Query) => Detail | undefined,
	): State;
}

/** The half of a view that runs where the tensors are. */
export interface ComputedView {
	readonly id: string;
	fit(model: ModelSummary): Fit;
	taps(model: ModelSummary): readonly string[];
	compute(context: ViewContext): Promise<unknown>;
	detail(context: ViewContext, data: unknown, query: unknown): Promise<unknown>;
}

/** A view with its own types closed over, so that unlike views fit in one list. */
export interface View extends ComputedView {
	readonly title: string;
	readonly findsMore: boolean;
	/** `data` is what `compute` gave, `fetch` asks the worker's `detail`, `changed` wants a new scene. */
	open(data: unknown, saved: unknown, fetch: FetchDetail, changed: () => void): OpenView;
}

export type FetchDetail = (query: unknown) => Promise<unknown>;

export interface OpenView {
	controls(): readonly Control[];
	value(field: string): unknown;
	/** JSON, as kept in the webview's saved state. */
	save(): unknown;
	set(field: string, value: unknown): void;
	focus(site: AttentionSite): void;
	act(event: SceneEvent): void;
	/** Whether anything moved. */
	advance(seconds: number): boolean;
	/**
	 * Also starts fetching what it lacks; `pending` tells whether more is to come, `trouble` why the last that was wanted
	 * did not come; empty for none.
	 */
	scene(size: Size): {
		readonly scene: Scene;
		readonly pending: boolean;
		readonly trouble: string;
	};
	proofs(): readonly Proof[];
	findings(): readonly SiteFinding[];
	export(): DataExport;
}
