/** A model could not be run, or a tensor of a run not be had. */
export class RunError extends Error {
	override readonly name = 'RunError';
	constructor(
		readonly reason: 'no-such-tensor' | 'no-backend' | 'session' | 'input' | 'device-lost',
		message: string,
	) {
		super(message);
	}
}
