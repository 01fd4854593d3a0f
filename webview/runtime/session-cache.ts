import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { BackendChoice } from '../../extension/protocol/run.ts';
import type { ModelBytes } from './model-bytes.ts';
import { ModelSession, type SessionPlan, type Surroundings } from './model-session.ts';

/** The run on show and two others: each session holds the model's weights once more. */
const KEPT_SESSIONS = 3;

/** Sessions by model, probes and backend; the least recently used leaves first. */
export class SessionCache {
	private readonly kept = new Map<string, ModelSession>();

	constructor(private readonly surroundings: Surroundings) {}

	/**
	 * @param wasmBecause set where WASM is a fallback whose reason the caller knows
	 * @throws RunError `session`
	 */
	async get(
		{ uri, version }: ModelSummary,
		bytes: ModelBytes,
		plan: SessionPlan,
		choice: BackendChoice,
		wasmBecause?: string,
	): Promise<ModelSession> {
		const reads = plan.outputs.map(({ tensor }) => tensor);
		const writes = plan.inputs.map(({ tensor }) => tensor);
		const key = JSON.stringify([uri, version, reads, writes, choice, wasmBecause]);
		const known = this.kept.get(key);
		if (known) {
			this.kept.delete(key);
			this.kept.set(key, known);
			return known;
		}
		const made = await ModelSession.create(this.surroundings, bytes, plan, choice, wasmBecause);
		this.kept.set(key, made);
		const [oldest] = this.kept;
		if (this.kept.size > KEPT_SESSIONS && oldest) {
			this.kept.delete(oldest[0]);
			await oldest[1].dispose();
		}
		return made;
	}
}
