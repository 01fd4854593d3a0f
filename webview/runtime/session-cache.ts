import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { BackendChoice } from '../../extension/protocol/run.ts';
import type { ModelBytes } from './model-bytes.ts';
import { ModelSession, type SessionPlan, type Surroundings } from './model-session.ts';

/** The run on show and two others: each session holds the model's weights once more. */
const KEPT_SESSIONS = 3;
/** Of a small model more are kept, as far as their weights together stay under this many bytes. */
const KEPT_BYTES = 64 * 2 ** 20;
const MOST_SESSIONS = 12;

/** Sessions by model, probes and backend; the least recently used leaves first. */
export class SessionCache {
	private readonly kept = new Map<string, ModelSession>();
	/** Whose tensors others still read. */
	private shown: ModelSession | undefined;

	constructor(private readonly surroundings: Surroundings) {}

	/** The session of the run on show is not let go. */
	show(session: ModelSession): void {
		this.shown = session;
	}

	/** Lets go of a session that failed: on a GPU it goes on failing, with the shapes of the input that it refused. */
	async drop(failed: ModelSession): Promise<void> {
		for (const [key, session] of [...this.kept]) {
			if (session === failed) this.kept.delete(key);
		}
		await failed.dispose();
	}

	/** Lets go of a model's sessions, but for the one on show. */
	async forget(uri: string): Promise<void> {
		for (const [key, session] of [...this.kept]) {
			if (session === this.shown || (JSON.parse(key) as unknown[])[0] !== uri) continue;
			this.kept.delete(key);
			await session.dispose();
		}
	}

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
		const room = Math.min(MOST_SESSIONS, Math.floor(KEPT_BYTES / bytes.size));
		if (this.kept.size > Math.max(KEPT_SESSIONS, room)) {
			const oldest = [...this.kept].find(([, session]) => session !== this.shown);
			if (oldest) {
				this.kept.delete(oldest[0]);
				await oldest[1].dispose();
			}
		}
		return made;
	}
}
