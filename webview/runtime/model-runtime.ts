import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { BackendChoice, ModelInput, RunManifest } from '../../extension/protocol/run.ts';
import type { ComputedView, ViewContext } from '../view-api/view.ts';
import { wordsOf } from './backend.ts';
import { hashInput, tokensOf } from './feeds.ts';
import type { ModelBytes } from './model-bytes.ts';
import { ModelSession, type SessionPlan, type Surroundings } from './model-session.ts';
import { RunError } from './run-error.ts';

export interface RunRequest {
	readonly model: ModelSummary;
	readonly plan: SessionPlan & { readonly costBytes: number };
	readonly input: ModelInput;
	readonly choice: BackendChoice;
	readonly loadMilliseconds: number;
}

type Progress = ViewContext['progress'];

/** Runs one model and computes views on its tensors; the same in the worker and in Node. */
export class ModelRuntime {
	private session: ModelSession | undefined;
	private sessionKey = '';
	private last: RunRequest | undefined;
	private readonly computed = new Map<string, unknown>();
	private runs = 0;

	constructor(
		private readonly surroundings: Surroundings,
		private readonly views: readonly ComputedView[],
		private readonly tool: string,
	) {}

	/**
	 * Runs the model; a session is kept while model, probes and backend stay the same.
	 * A GPU that fails at run time (float16 without `shader-f16` shows only then) is left for WASM, with the reason.
	 * @throws RunError
	 */
	async run(bytes: ModelBytes, request: RunRequest, progress: Progress): Promise<RunManifest> {
		this.computed.clear();
		this.last = undefined;
		let session = await this.sessionFor(bytes, request, request.choice, progress);
		let start = performance.now();
		progress('Running the model');
		try {
			await session.run(request.input);
		} catch (error) {
			if (session.chosen.backend === 'wasm') throw error;
			const reason = `WebGPU failed while running: ${wordsOf(error)}`;
			session = await this.sessionFor(bytes, request, 'wasm', progress, reason);
			start = performance.now();
			await session.run(request.input);
		}
		const milliseconds = performance.now() - start;
		this.last = request;
		return this.manifest(request, session, milliseconds);
	}

	/** What a view shows, computed where the tensors lie. */
	async compute(id: string, progress: Progress, signal: AbortSignal): Promise<unknown> {
		const data = await this.view(id).compute(this.context(progress, signal));
		this.computed.set(id, data);
		return data;
	}

	/** What a view needs beyond its data. */
	async detail(id: string, query: unknown, signal: AbortSignal): Promise<unknown> {
		if (!this.computed.has(id))
			throw new RunError('session', 'This picture belongs to an old run.');
		const context = this.context(() => undefined, signal);
		return this.view(id).detail(context, this.computed.get(id), query);
	}

	/** The device, so that its loss can be noticed. */
	get device(): GPUDevice | undefined {
		return this.session?.device;
	}

	private view(id: string): ComputedView {
		const found = this.views.find((view) => view.id === id);
		if (!found) throw new RunError('session', `There is no view named "${id}".`);
		return found;
	}

	private context(progress: Progress, signal: AbortSignal): ViewContext {
		const { session, last } = this;
		if (!session || !last) throw new RunError('session', 'The model has not been run yet.');
		return {
			model: last.model,
			device: session.device,
			tokens: tokensOf(last.input),
			labels: last.input.labels,
			tensor: (name) => Promise.resolve().then(() => session.tensor(name)),
			progress,
			signal,
		};
	}

	private async sessionFor(
		bytes: ModelBytes,
		{ model, plan }: RunRequest,
		choice: BackendChoice,
		progress: Progress,
		forced?: string,
	): Promise<ModelSession> {
		const taps = plan.outputs.map(({ tensor }) => tensor);
		const writes = plan.inputs.map(({ tensor }) => tensor);
		const key = JSON.stringify([model.uri, model.version, taps, writes, choice]);
		if (this.session && this.sessionKey === key) return this.session;
		await this.session?.dispose();
		this.session = undefined;
		progress('Creating the session');
		this.session = await ModelSession.create(this.surroundings, bytes, plan, choice, forced);
		this.sessionKey = key;
		return this.session;
	}

	private async manifest(
		{ model, plan, input, loadMilliseconds }: RunRequest,
		session: ModelSession,
		run: number,
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
