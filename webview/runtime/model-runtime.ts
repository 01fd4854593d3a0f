import type { GraphQuestions } from '../../extension/protocol/graph-questions.ts';
import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { OtherModels } from '../../extension/protocol/other-models.ts';
import type { BackendChoice, ModelInput, RunManifest } from '../../extension/protocol/run.ts';
import type {
	ArrayFiles,
	ComputedView,
	OtherRun,
	Placement,
	RunAgain,
	ViewContext,
} from '../view-api/view.ts';
import { wordsOf } from './backend.ts';
import { hearPlacement } from './placement.ts';
import { hashInput, tokensOf } from './feeds.ts';
import type { ModelBytes } from './model-bytes.ts';
import type { ModelSession, SessionPlan, Surroundings } from './model-session.ts';
import type { NamedTensors } from './named-tensors.ts';
import { noModels, OtherRuns } from './other-runs.ts';
import { RunError } from './run-error.ts';
import { SessionCache } from './session-cache.ts';
import { openSite } from './site-operators.ts';

export interface RunRequest {
	readonly model: ModelSummary;
	readonly plan: SessionPlan & { readonly costBytes: number };
	readonly input: ModelInput;
	readonly choice: BackendChoice;
	readonly loadMilliseconds: number;
	/** Another input to run on where the model refuses this one, and why; null where none is left. */
	readonly otherInput?: (why: string) => Promise<ModelInput | null>;
}

interface Ran {
	readonly session: ModelSession;
	readonly tensors: NamedTensors;
	readonly milliseconds: number;
}

interface LastRun extends Ran {
	readonly bytes: ModelBytes;
	readonly request: RunRequest;
}

type Progress = ViewContext['progress'];

/** How long other inputs are tried for a model that refuses the first. */
const TRIALS_MS = 20_000;

const noFiles: ArrayFiles = {
	list: () => Promise.resolve([]),
	describe: (path) => Promise.reject(new RunError('session', `There is no file ${path} here.`)),
	read: (path) => Promise.reject(new RunError('session', `There is no file ${path} here.`)),
	pick: () => Promise.resolve(null),
};

/** Runs one model and computes views on its tensors; the same in the worker and in Node. */
export class ModelRuntime {
	private readonly sessions: SessionCache;
	private readonly others: OtherRuns;
	private last: LastRun | undefined;
	private readonly computed = new Map<string, unknown>();
	private runs = 0;

	constructor(
		private readonly surroundings: Surroundings,
		private readonly views: readonly ComputedView[],
		private readonly graph: GraphQuestions,
		private readonly tool: string,
		private readonly files: ArrayFiles = noFiles,
		private readonly models: OtherModels = noModels,
	) {
		this.sessions = new SessionCache(surroundings);
		this.others = new OtherRuns(models, this.sessions);
	}

	/**
	 * Runs the model; a session is kept while model, probes and backend stay the same.
	 * @throws RunError with what the runtime said of the first input, where it refused all others too
	 */
	async run(bytes: ModelBytes, request: RunRequest, progress: Progress): Promise<RunManifest> {
		this.computed.clear();
		this.last?.tensors.dispose();
		this.last = undefined;
		const started = performance.now();
		let refused: unknown;
		let input: ModelInput | null = request.input;
		while (input) {
			const asked: RunRequest = { ...request, input };
			try {
				const ran = await this.runOnce(bytes, asked, progress);
				this.last = { bytes, request: asked, ...ran };
				this.sessions.show(ran.session);
				return await this.manifest(asked, ran);
			} catch (error) {
				refused ??= error;
				const late = performance.now() - started > TRIALS_MS;
				if (!(error instanceof RunError) || error.reason !== 'run' || late) break;
				input = (await request.otherInput?.(error.message)) ?? null;
			}
		}
		throw refused;
	}

	/** A GPU that fails at run time (float16 without `shader-f16` shows only then) is left for WASM, with the reason. */
	private async runOnce(
		bytes: ModelBytes,
		{ model, plan, choice, input }: RunRequest,
		progress: Progress,
	): Promise<Ran> {
		const timed = async (session: ModelSession): Promise<Ran> => {
			progress('Running the model');
			const start = performance.now();
			const tensors = await session.run(input);
			return { session, tensors, milliseconds: performance.now() - start };
		};
		progress('Creating the session');
		const session = await this.sessions.get(model, bytes, plan, choice);
		try {
			return await timed(session);
		} catch (error) {
			if (session.chosen.backend === 'wasm') throw error;
			await this.sessions.drop(session);
			const reason = `WebGPU failed while running: ${wordsOf(error).replace('The model did not run: ', '')}`;
			return await timed(await this.sessions.get(model, bytes, plan, 'wasm', reason));
		}
	}

	/** What a view shows, computed where the tensors lie. */
	async compute(id: string, progress: Progress, signal: AbortSignal): Promise<unknown> {
		const data = await this.view(id).compute(this.context(progress, signal));
		this.computed.set(id, data);
		return data;
	}

	/** What a view needs beyond its data. */
	async detail(
		id: string,
		query: unknown,
		progress: Progress,
		signal: AbortSignal,
	): Promise<unknown> {
		if (!this.computed.has(id)) {
			throw new RunError('session', 'This picture belongs to an old run.');
		}
		const context = this.context(progress, signal);
		return this.view(id).detail(context, this.computed.get(id), query);
	}

	/** The device, so that its loss can be noticed. */
	get device(): GPUDevice | undefined {
		return this.last?.session.device;
	}

	private view(id: string): ComputedView {
		const found = this.views.find((view) => view.id === id);
		if (!found) throw new RunError('session', `There is no view named "${id}".`);
		return found;
	}

	private context(progress: Progress, signal: AbortSignal): ViewContext {
		const { last } = this;
		if (!last) throw new RunError('session', 'The model has not been run yet.');
		const { request, session, tensors } = last;
		const tensor = (name: string) => Promise.resolve().then(() => tensors.get(name));
		return {
			model: request.model,
			device: session.device,
			tokens: tokensOf(request.input),
			labels: request.input.labels,
			input: request.input,
			tensor,
			attention: (site) => openSite({ device: session.device, tensor }, site),
			again: (again) => this.again(last, again, signal),
			files: this.files,
			models: {
				list: () => this.models.list(),
				summary: (uri) => this.models.summary(uri),
				run: (uri, other) => this.others.run(uri, other, session.chosen.backend, signal),
				free: (uri) => this.others.free(uri),
			},
			findTensors: (search) => this.graph.findTensors(search),
			placement: () => this.placement(last),
			chosen: session.chosen,
			progress,
			signal,
		};
	}

	/** On WASM there is but one place. */
	private async placement({ bytes, request, session }: LastRun): Promise<Placement> {
		if (session.chosen.backend === 'webgpu')
			return await hearPlacement(this.surroundings, bytes, request.plan);
		const { model } = request;
		const node = { processor: 'CPU', op: '', name: '' };
		return { nodes: Array.from({ length: model.nodes }, () => node) };
	}

	private async again(
		{ bytes, request, session: first }: LastRun,
		{ input = request.input, overrides = [], taps, backend: asked }: RunAgain,
		signal: AbortSignal,
	): Promise<OtherRun> {
		signal.throwIfAborted();
		const writes = overrides.map(({ tensor, dtype }) => ({ tensor, dtype }));
		const plan = await this.graph.planProbes({ taps: [...taps], overrides: writes });
		const [refused] = plan.refused;
		if (refused) throw new RunError('session', `${refused.tensor}: ${refused.reason}`);
		const backend = asked ?? first.chosen.backend;
		const fallback = asked === undefined && backend === 'wasm' ? first.chosen.reason : undefined;
		const session = await this.sessions.get(request.model, bytes, plan, backend, fallback);
		if (session.chosen.backend !== backend) throw new RunError('no-backend', session.chosen.reason);
		signal.throwIfAborted();
		const tensors = await session.run(input, overrides);
		const tensor = (name: string) => Promise.resolve().then(() => tensors.get(name));
		return {
			tensor,
			attention: (site) => openSite({ device: session.device, tensor }, site),
			release: () => tensors.dispose(),
		};
	}

	private async manifest(
		{ model, plan, input, loadMilliseconds }: RunRequest,
		{ session, milliseconds: run }: Ran,
	): Promise<RunManifest> {
		const hash = await hashInput(input);
		return {
			id: `${hash.slice(0, 6)}-${++this.runs}`,
			at: new Date().toISOString(),
			tool: this.tool,
			model: { name: model.name, bytes: model.bytes, version: model.version },
			input: {
				source: input.source,
				shapes: Object.fromEntries(input.tensors.map(({ name, shape }) => [name, shape])),
				hash,
			},
			taps: plan.outputs.map(({ tensor }) => tensor),
			overrides: plan.inputs.map(({ tensor }) => tensor),
			probeBytes: plan.costBytes,
			...session.chosen,
			milliseconds: { load: loadMilliseconds, session: session.milliseconds, run },
		};
	}
}
