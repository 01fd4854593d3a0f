/** An input cannot be given to a model; the message is a sentence for the user. */
export class InputError extends Error {
	override readonly name = 'InputError';
	constructor(
		readonly reason: 'malformed' | 'unfit',
		message: string,
	) {
		super(message);
	}
}
