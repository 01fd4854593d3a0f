import type * as ort from 'onnxruntime-web';
import type { InferenceSession } from 'onnxruntime-web';
import type { ProbePlan } from '../../extension/protocol/messages.ts';
import type { BackendChoice, ModelInput } from '../../extension/protocol/run.ts';
import { chooseBackend, onWasm, type ChosenBackend } from './backend.ts';
import type { Override } from '../view-api/view.ts';
import { toFeeds, toOverride } from './feeds.ts';
import type { LogTap } from './log-tap.ts';
import type { ModelBytes } from './model-bytes.ts';
import { NamedTensors } from './named-tensors.ts';
import { RunError } from './run-error.ts';
import { runtimeWords } from './runtime-words.ts';

export type Ort = typeof ort;

/** What the runtime finds around it: the module, and a GPU where there is one. */
export interface Surroundings {
	readonly ort: Ort;
	readonly gpu: GPU | undefined;
	/** Hears what the runtime writes, where that can be had. */
	readonly log?: LogTap;
	/** Lets the runtime say all that it does. */
	readonly verbose?: boolean;
}

export type SessionPlan = Pick<ProbePlan, 'edits' | 'suffix' | 'outputs' | 'inputs'>;

/** One model, patched with its probes, on one backend. */
export class ModelSession {
	private constructor(
		private readonly ort: Ort,
		private readonly session: InferenceSession,
		private readonly plan: SessionPlan,
		/** Where it runs and why. */
		readonly chosen: ChosenBackend,
		/** The session's own device, on which kernels run too; undefined on WASM. */
		readonly device: GPUDevice | undefined,
		readonly milliseconds: number,
	) {}

	/**
	 * WebGPU where there is an adapter and it takes the model, else WASM, with the reason.
	 * @param wasmBecause set where the caller knows why it must be WASM
	 * @throws RunError `session` where WASM refuses the model too
	 */
	static async create(
		{ ort, gpu, verbose }: Surroundings,
		bytes: ModelBytes,
		plan: SessionPlan,
		choice: BackendChoice,
		wasmBecause?: string,
	): Promise<ModelSession> {
		const model = bytes.patched(plan);
		const files = [...bytes.external].map(([path, data]) => ({ path, data }));
		const said = verbose === true ? { logSeverityLevel: 0 as const } : quiet;
		const common = files.length === 0 ? said : { ...said, externalData: files };
		const start = performance.now();
		let chosen = wasmBecause === undefined ? await chooseBackend(choice, gpu) : onWasm(wasmBecause);
		if (chosen.backend === 'webgpu') {
			try {
				const session = await alone(() =>
					ort.InferenceSession.create(model, { ...common, ...onGpu(plan) }),
				);
				const device = await ort.env.webgpu.device;
				return new ModelSession(ort, session, plan, chosen, device, performance.now() - start);
			} catch (error) {
				chosen = onWasm(`WebGPU refused this model: ${runtimeWords(error)}`);
			}
		}
		try {
			const session = await alone(() =>
				ort.InferenceSession.create(model, { ...common, executionProviders: ['wasm'] }),
			);
			return new ModelSession(ort, session, plan, chosen, undefined, performance.now() - start);
		} catch (error) {
			throw new RunError('session', `onnxruntime refused this model: ${runtimeWords(error)}`);
		}
	}

	/**
	 * Runs the model.
	 * @returns what it read, by name; the caller disposes of it
	 * @throws RunError `run` with the runtime's own words, `input` where an override does not fit
	 */
	async run(input: ModelInput, overrides: readonly Override[] = []): Promise<NamedTensors> {
		const feeds = toFeeds(this.ort.Tensor, input);
		for (const override of overrides) {
			const place = this.plan.inputs.find(({ tensor }) => tensor === override.tensor);
			if (place) feeds[place.input] = toOverride(this.ort.Tensor, override);
		}
		let results: InferenceSession.OnnxValueMapType;
		try {
			results = await alone(() => this.session.run(feeds, silent));
		} catch (error) {
			throw new RunError('run', `The model did not run: ${runtimeWords(error)}`);
		}
		const tapped = new Map(this.plan.outputs.map(({ tensor, output }) => [output, tensor]));
		const tensors = new NamedTensors();
		for (const [output, value] of Object.entries(results)) {
			tensors.add(tapped.get(output) ?? output, value);
		}
		return tensors;
	}

	dispose(): Promise<void> {
		return this.session.release();
	}
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** onnxruntime-web has one stack for all its sessions: calls that overlap lose their inputs' names. */
function alone<T>(work: () => Promise<T>): Promise<T> {
	const turn = lastTurn.then(work);
	lastTurn = turn.catch(() => undefined);
	return turn;
}

/** What fails is thrown, in the same words. */
const silent = { logSeverityLevel: 4 } as const;

/** Errors only: shape plumbing placed on the CPU is no news. */
const quiet = { logSeverityLevel: 3 } as const;

/** Tapped tensors stay on the device; the model's own outputs do too, and are read back when asked for. */
function onGpu({ outputs }: SessionPlan): InferenceSession.SessionOptions {
	return {
		executionProviders: ['webgpu'],
		preferredOutputLocation:
			outputs.length === 0
				? 'cpu'
				: Object.fromEntries(outputs.map(({ output }) => [output, 'gpu-buffer'] as const)),
	};
}
