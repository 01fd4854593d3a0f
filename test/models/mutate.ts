/** One to four changes: a byte flipped or made extreme, a stretch cut out, doubled, or copied elsewhere. */
export function mutated(
	bytes: Uint8Array,
	places: readonly number[],
	random: () => number,
): Uint8Array {
	let changed = Uint8Array.from(bytes);
	const pick = (count: number) => Math.floor(random() * count);
	for (let rounds = 1 + pick(4); rounds > 0; rounds--) {
		const at = Math.min(places[pick(places.length)]!, changed.length - 1);
		const length = 1 + pick(64);
		const stretch = changed.slice(at, at + length);
		switch (pick(5)) {
			case 0:
				changed[at]! ^= 1 << pick(8);
				break;
			case 1:
				changed[at] = [0, 1, 0x7f, 0x80, 0xff][pick(5)]!;
				break;
			case 2:
				changed = joined(changed.subarray(0, at), changed.subarray(at + length));
				break;
			case 3:
				changed = joined(changed.subarray(0, at), stretch, changed.subarray(at));
				break;
			default:
				changed.set(
					stretch,
					Math.min(places[pick(places.length)]!, changed.length - stretch.length),
				);
		}
	}
	return changed;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	return new Uint8Array(Buffer.concat(parts));
}

/** Cuts a file at `end` and shortens the messages that are open there, as far as their lengths have one byte less. */
export function mended(bytes: Uint8Array, end: number): Uint8Array {
	const cut = bytes.slice(0, end);
	shorten(cut, 0, bytes.length);
	return cut;
}

/** Every message in `[start, stop)` that reaches over the end of `cut` is told to end there. */
function shorten(cut: Uint8Array, start: number, stop: number): void {
	let at = start;
	while (at < Math.min(stop, cut.length)) {
		const wire = cut[at]! & 7;
		const [, value] = number(cut, at);
		if (wire === 0) at = number(cut, value)[1];
		else if (wire === 5) at = value + 4;
		else if (wire === 1) at = value + 8;
		else if (wire === 2) {
			const [length, inner] = number(cut, value);
			if (inner + length > cut.length) {
				let left = Math.max(cut.length - inner, 0);
				for (let i = value; i < Math.min(inner, cut.length); i++) {
					cut[i] = (left & 0x7f) | (i < inner - 1 ? 0x80 : 0);
					left >>= 7;
				}
				shorten(cut, inner, cut.length);
				return;
			}
			at = inner + length;
		} else return;
	}
}

/** A number of the protobuf encoding, and the offset behind it. */
function number(bytes: Uint8Array, at: number): [number, number] {
	let value = 0;
	for (let i = 0; ; i++) {
		const byte = bytes[at + i] ?? 0;
		value += (byte & 0x7f) * 128 ** i;
		if (byte < 0x80) return [value, at + i + 1];
	}
}
