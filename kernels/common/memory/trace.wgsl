// Follows what one token stored under its key, for one fixed reader: y = w_j k_j, then
// y ← (I − e_s k_s k_sᵀ) diag(a_s) y. What the reader finds, and what decay and erasing took from it.
// One invocation a pair, with its own column of `vectors`; pairs never meet, so no barrier.

override erases = false; // e = β, else 0
override decays = false;
override log_decay = false;
override weighted = false; // w = β, else 1
override routed = false; // at the end of a chunk with route 0 its writes are rolled back
override keeps_decay = false; // of chunks rolled back

struct Shape {
	k_strides: vec4u, decay_strides: vec4u, beta_strides: vec4u, reader_strides: vec4u, // batch, head, token, channel
	k_offset: u32, decay_offset: u32, beta_offset: u32, reader_offset: u32,
	batch: u32, head: u32,
	heads: u32, k_group: u32, v_group: u32, reader_group: u32,
	channels: u32, pairs: u32, until: u32, length: u32, // length: tokens from the earliest write to `until`, both included
	chunk: u32, chunks: u32,
	scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> k: array<f32>; // strided [B, H / k_group, T, K]
@group(0) @binding(2) var<storage, read> decay: array<f32>; // strided [B, H / v_group, T, K]
@group(0) @binding(3) var<storage, read> beta: array<f32>; // strided [B, H / v_group, T, 1]
@group(0) @binding(4) var<storage, read> reader: array<f32>; // strided [B, H / reader_group, T, K]
@group(0) @binding(5) var<storage, read> asked: array<u32>; // [pairs, 2]: token that wrote, token whose reader it is
@group(0) @binding(6) var<storage, read> routes: array<u32>; // [B, H, chunks]
@group(0) @binding(7) var<storage, read_write> vectors: array<f32>; // [2, K, pairs]: y, and y at the open chunk's start
@group(0) @binding(8) var<storage, read_write> trace: array<f32>; // [pairs, length, 3]: found, faded, erased

fn factor(at: u32) -> f32 {
	if (!decays) { return 1.0; }
	if (log_decay) { return exp(decay[at]); }
	return decay[at];
}

fn strength(s: u32) -> f32 {
	if (!weighted) { return 1.0; }
	return beta[shape.beta_offset + shape.batch * shape.beta_strides.x
		+ shape.head / shape.v_group * shape.beta_strides.y + s * shape.beta_strides.z];
}

fn rolled_back(s: u32) -> bool {
	if (!routed) { return false; }
	return routes[(shape.batch * shape.heads + shape.head) * shape.chunks + s / shape.chunk] == 0u;
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.pairs) { return; }
	let written = asked[id.x * 2u];
	let keys = shape.k_offset + shape.batch * shape.k_strides.x + shape.head / shape.k_group * shape.k_strides.y;
	let fades = shape.decay_offset + shape.batch * shape.decay_strides.x
		+ shape.head / shape.v_group * shape.decay_strides.y;
	let read = shape.reader_offset + shape.batch * shape.reader_strides.x
		+ shape.head / shape.reader_group * shape.reader_strides.y + asked[id.x * 2u + 1u] * shape.reader_strides.z;
	let step = shape.pairs;
	let half = shape.channels * step;
	let out = id.x * shape.length * 3u;

	var found = 0.0;
	for (var i = 0u; i < shape.channels; i++) {
		let y = strength(written) * k[keys + written * shape.k_strides.z + i * shape.k_strides.w];
		vectors[id.x + i * step] = y;
		if (routed) { vectors[half + id.x + i * step] = 0.0; }
		found += y * reader[read + i * shape.reader_strides.w];
	}
	trace[out] = found * shape.scale;
	trace[out + 1u] = 0.0;
	trace[out + 2u] = 0.0;
	for (var s = written + 1u; s <= shape.until; s++) {
		var erased = 0.0;
		if (routed) {
			let back = rolled_back(s - 1u);
			for (var i = 0u; i < shape.channels; i++) {
				let at = id.x + i * step;
				if (keeps_decay || !back) {
					vectors[half + at] *= factor(fades + (s - 1u) * shape.decay_strides.z + i * shape.decay_strides.w);
				}
				if (s % shape.chunk == 0u) {
					if (back) {
						erased += (vectors[at] - vectors[half + at]) * reader[read + i * shape.reader_strides.w];
						vectors[at] = vectors[half + at];
					}
					vectors[half + at] = vectors[at];
				}
			}
		}
		var faded = 0.0;
		var hit = 0.0;
		var key_read = 0.0;
		for (var i = 0u; i < shape.channels; i++) {
			let y = vectors[id.x + i * step];
			let x = reader[read + i * shape.reader_strides.w];
			let key = k[keys + s * shape.k_strides.z + i * shape.k_strides.w];
			let after = y * factor(fades + s * shape.decay_strides.z + i * shape.decay_strides.w);
			vectors[id.x + i * step] = after;
			faded += x * (y - after);
			hit += key * after;
			key_read += x * key;
		}
		let taken = select(0.0, strength(s) * hit, erases);
		erased += taken * key_read;
		found = 0.0;
		for (var i = 0u; i < shape.channels; i++) {
			let at = id.x + i * step;
			if (erases) { vectors[at] -= taken * k[keys + s * shape.k_strides.z + i * shape.k_strides.w]; }
			found += vectors[at] * reader[read + i * shape.reader_strides.w];
		}
		let row = out + (s - written) * 3u;
		trace[row] = found * shape.scale;
		trace[row + 1u] = faded * shape.scale;
		trace[row + 2u] = erased * shape.scale;
	}
}
