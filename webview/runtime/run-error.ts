/** A model could not be run (`session`: on any input; `run`: on this one), or a tensor of a run not be had. */
export class RunError extends Error {
	override readonly name = 'RunError';
	constructor(
		readonly reason: 'no-such-tensor' | 'no-backend' | 'session' | 'run' | 'input' | 'device-lost',
		message: string,
	) {
		super(message);
	}
}
