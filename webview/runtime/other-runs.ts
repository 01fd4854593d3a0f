import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { OtherModels } from '../../extension/protocol/other-models.ts';
import type { Backend } from '../../extension/protocol/run.ts';
import type { OtherRun, RunOther } from '../view-api/view.ts';
import { ModelBytes } from './model-bytes.ts';
import { RunError } from './run-error.ts';
import type { SessionCache } from './session-cache.ts';
import { openSite } from './site-operators.ts';

const RANGE_BYTES = 8 * 1024 * 1024;

export const noModels: OtherModels = {
	list: () => Promise.resolve([]),
	summary: (uri) => Promise.reject(new RunError('session', `There is no model ${uri} here.`)),
	read: (uri) => Promise.reject(new RunError('session', `There is no model ${uri} here.`)),
	planProbes: (uri) => Promise.reject(new RunError('session', `There is no model ${uri} here.`)),
};

interface Loaded {
	readonly model: ModelSummary;
	readonly bytes: ModelBytes;
}

/** Runs other models of the workspace. The bytes of one at a time are held; its sessions leave as others come. */
export class OtherRuns {
	private loaded: Loaded | undefined;

	constructor(
		private readonly models: OtherModels,
		private readonly sessions: SessionCache,
	) {}

	/** @throws RunError with the runtime's words, or the host's sentence */
	async run(
		uri: string,
		{ input, taps }: RunOther,
		backend: Backend,
		signal: AbortSignal,
	): Promise<OtherRun> {
		const { model, bytes } = await this.load(uri, signal);
		const plan = await this.models.planProbes(uri, { taps: [...taps], overrides: [] });
		const [refused] = plan.refused;
		if (refused) throw new RunError('session', `${refused.tensor}: ${refused.reason}`);
		const session = await this.sessions.get(model, bytes, plan, backend);
		signal.throwIfAborted();
		const tensors = await session.run(input);
		const tensor = (name: string) => Promise.resolve().then(() => tensors.get(name));
		return {
			tensor,
			attention: (site) => openSite({ device: session.device, tensor }, site),
			release: () => tensors.dispose(),
		};
	}

	/** Lets go of what was loaded. */
	async free(uri: string): Promise<void> {
		if (this.loaded?.model.uri === uri) this.loaded = undefined;
		await this.sessions.forget(uri);
	}

	private async load(uri: string, signal: AbortSignal): Promise<Loaded> {
		if (this.loaded?.model.uri === uri) return this.loaded;
		this.loaded = undefined;
		const model = await this.models.summary(uri);
		if (model.external.length > 0) {
			throw new RunError(
				'session',
				`${model.name} keeps weights in other files; open it to run it.`,
			);
		}
		const bytes = new ModelBytes(model.bytes);
		for (let offset = 0; offset < model.bytes; offset += RANGE_BYTES) {
			signal.throwIfAborted();
			const length = Math.min(RANGE_BYTES, model.bytes - offset);
			bytes.put(offset, await this.models.read(uri, offset, length));
		}
		this.loaded = { model, bytes };
		return this.loaded;
	}
}
