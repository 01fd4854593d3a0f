// Rows of the effective matrix by the adjoint recursion: r = q_t; from j = t down,
// M[t, j] = w_j k_j·r and r ← a_j ⊙ (r − e_j (k_j·r) k_j).
// One invocation a row, with its own column of `adjoint`; rows never meet, so no barrier.

override erases = false; // e = β, else 0
override decays = false;
override channel_decay = false; // one decay a channel, else one a head
override log_decay = false;
override weighted = false; // w = β, else 1
override routed = false; // writes of earlier chunks count where their chunk's route is not 0
override keeps_decay = false; // of chunks rolled back

struct Shape {
	q_strides: vec4u, k_strides: vec4u, decay_strides: vec4u, beta_strides: vec4u, // batch, head, token, channel
	q_offset: u32, k_offset: u32, decay_offset: u32, beta_offset: u32,
	rows: u32, first_row: u32, first_head: u32, // the block; heads batch-major
	heads: u32, q_group: u32, k_group: u32, v_group: u32, // H, and how many of them share a head
	tokens: u32, channels: u32, // T and K
	chunk: u32, chunks: u32,
	scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H / q_group, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B, H / k_group, T, K]
@group(0) @binding(3) var<storage, read> decay: array<f32>; // strided [B, H / v_group, T, K]
@group(0) @binding(4) var<storage, read> beta: array<f32>; // strided [B, H / v_group, T, 1]
@group(0) @binding(5) var<storage, read> routes: array<u32>; // [B, H, chunks]
@group(0) @binding(6) var<storage, read_write> weights: array<f32>; // [heads in block, rows, T]
@group(0) @binding(7) var<storage, read_write> adjoint: array<f32>; // [heads in block, K, rows]

fn factor(at: u32) -> f32 {
	if (log_decay) { return exp(decay[at]); }
	return decay[at];
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.rows) { return; }
	let t = shape.first_row + id.x;
	let batch = (shape.first_head + id.z) / shape.heads;
	let head = (shape.first_head + id.z) % shape.heads;
	let query = shape.q_offset + batch * shape.q_strides.x + head / shape.q_group * shape.q_strides.y
		+ t * shape.q_strides.z;
	let keys = shape.k_offset + batch * shape.k_strides.x + head / shape.k_group * shape.k_strides.y;
	let decays_from = shape.decay_offset + batch * shape.decay_strides.x
		+ head / shape.v_group * shape.decay_strides.y;
	let betas = shape.beta_offset + batch * shape.beta_strides.x + head / shape.v_group * shape.beta_strides.y;
	let r = id.z * shape.channels * shape.rows + id.x;
	let out = (id.z * shape.rows + id.x) * shape.tokens;
	for (var i = 0u; i < shape.channels; i++) {
		adjoint[r + i * shape.rows] = q[query + i * shape.q_strides.w] * shape.scale;
	}
	for (var j = t + 1u; j < shape.tokens; j++) { weights[out + j] = 0.0; }

	var held = 1.0; // decay since j, where it is one number and nothing is erased
	for (var back = 0u; back <= t; back++) {
		let j = t - back;
		let key = keys + j * shape.k_strides.z;
		var asked = 0.0;
		for (var i = 0u; i < shape.channels; i++) {
			asked += k[key + i * shape.k_strides.w] * adjoint[r + i * shape.rows];
		}
		var passed = false;
		if (routed) {
			let route = routes[(batch * shape.heads + head) * shape.chunks + j / shape.chunk];
			passed = j / shape.chunk != t / shape.chunk && route == 0u;
		}
		var strength = 1.0;
		if (weighted) { strength = beta[betas + j * shape.beta_strides.z]; }
		if (passed) { strength = 0.0; }
		weights[out + j] = strength * asked * held;
		if (!erases && !decays) { continue; }

		let still = passed && !keeps_decay;
		let fades = decays_from + j * shape.decay_strides.z;
		var one = 1.0;
		if (decays && !channel_decay) { one = select(factor(fades), 1.0, still); }
		if (!erases && !channel_decay) {
			held *= one;
			continue;
		}
		let taken = select(0.0, strength * asked, erases);
		for (var i = 0u; i < shape.channels; i++) {
			let at = r + i * shape.rows;
			var a = one;
			if (channel_decay) { a = select(factor(fades + i * shape.decay_strides.w), 1.0, still); }
			adjoint[at] = a * (adjoint[at] - taken * k[key + i * shape.k_strides.w]);
		}
	}
	if (held != 1.0) {
		for (var i = 0u; i < shape.channels; i++) { adjoint[r + i * shape.rows] *= held; }
	}
}
