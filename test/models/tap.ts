/**
 * A model file whose graph returns more of its values: a protobuf message may be followed by another of the same type, and
 * `graph { output { name } }` adds one output.
 */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
	const outputs = names.flatMap((name) => field(12, field(1, [...new TextEncoder().encode(name)])));
	const suffix = field(7, outputs);
	const tapped = new Uint8Array(model.length + suffix.length);
	tapped.set(model);
	tapped.set(suffix, model.length);
	return tapped;
}

/** A length-delimited protobuf field; numbers under 16 take one byte. */
function field(number: number, content: readonly number[]): number[] {
	const length: number[] = [];
	for (let rest = content.length; ; rest >>>= 7) {
		length.push(rest > 127 ? (rest & 127) | 128 : rest);
		if (rest <= 127) break;
	}
	return [(number << 3) | 2, ...length, ...content];
}
