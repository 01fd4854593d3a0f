// What the tokens of a chunk write and read of each other, whatever the state: with
// A[t, j] = β_t (k_t·k_j) e^(G_t − G_j) for j < t, solves (I + A) X = [β V | β e^G K] row by row. Symbols: README.md.
// One workgroup a chunk of one head. Its 32 invocations share the entries of A; after one barrier each owns columns of X.

override decays = false;
override log_decay = false;

const CHUNK = 16u;
const LANES = 32u;
const TINY = 1e-38; // log of zero is not portable

struct Shape {
	k_strides: vec4u, v_strides: vec4u, decay_strides: vec4u, beta_strides: vec4u, // batch, head, token, channel
	k_offset: u32, v_offset: u32, decay_offset: u32, beta_offset: u32,
	heads: u32, k_group: u32, v_group: u32, // H, and how many of them share a head
	tokens: u32, keys: u32, channels: u32, // T, K, V
	chunks: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> k: array<f32>; // strided [B, H / k_group, T, K]
@group(0) @binding(2) var<storage, read> v: array<f32>; // strided [B, H / v_group, T, V]
@group(0) @binding(3) var<storage, read> decay: array<f32>; // strided [B, H / v_group, T, 1]
@group(0) @binding(4) var<storage, read> beta: array<f32>; // strided [B, H / v_group, T, 1]
// [B, H, chunks · 16, V + K + 1]: X, and G from the chunk's start; of rows past T, X is 0
@group(0) @binding(5) var<storage, read_write> solved: array<f32>;

var<workgroup> mixed: array<f32, 256>; // A, [16, 16]
var<workgroup> strength: array<f32, CHUNK>; // β
var<workgroup> faded: array<f32, CHUNK>; // G

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
	let batch = group.y / shape.heads;
	let head = group.y % shape.heads;
	let first = group.x * CHUNK;
	let count = min(CHUNK, shape.tokens - first);
	let keys = shape.k_offset + batch * shape.k_strides.x + head / shape.k_group * shape.k_strides.y
		+ first * shape.k_strides.z;
	let gates = vec2u(batch, head / shape.v_group);
	if (lane < CHUNK) {
		var sum = 0.0;
		let from_decay = shape.decay_offset + dot(gates, shape.decay_strides.xy);
		for (var t = 0u; decays && t <= min(lane, count - 1u); t++) {
			let a = decay[from_decay + (first + t) * shape.decay_strides.z];
			if (log_decay) { sum += a; }
			else { sum += log(max(a, TINY)); }
		}
		faded[lane] = sum;
		let at = shape.beta_offset + dot(gates, shape.beta_strides.xy);
		strength[lane] = 0.0;
		if (lane < count) { strength[lane] = beta[at + (first + lane) * shape.beta_strides.z]; }
	}
	for (var cell = lane; cell < CHUNK * CHUNK; cell += LANES) {
		let t = cell / CHUNK;
		let j = cell % CHUNK;
		var product = 0.0;
		if (j < t && t < count) {
			for (var i = 0u; i < shape.keys; i++) {
				product += k[keys + t * shape.k_strides.z + i * shape.k_strides.w]
					* k[keys + j * shape.k_strides.z + i * shape.k_strides.w];
			}
		}
		mixed[cell] = product;
	}
	workgroupBarrier();

	let width = shape.channels + shape.keys + 1u;
	let out = (group.y * shape.chunks * CHUNK + first) * width;
	let values = shape.v_offset + dot(gates, shape.v_strides.xy) + first * shape.v_strides.z;
	for (var column = lane; column < shape.channels + shape.keys; column += LANES) {
		var x: array<f32, CHUNK>;
		for (var t = 0u; t < CHUNK; t++) {
			var rest = 0.0;
			if (t < count) {
				if (column < shape.channels) {
					rest = v[values + t * shape.v_strides.z + column * shape.v_strides.w];
				} else {
					let i = column - shape.channels;
					rest = k[keys + t * shape.k_strides.z + i * shape.k_strides.w] * exp(faded[t]);
				}
				for (var j = 0u; j < t; j++) {
					rest -= mixed[t * CHUNK + j] * exp(faded[t] - faded[j]) * x[j];
				}
			}
			x[t] = strength[t] * rest;
			solved[out + t * width + column] = x[t];
		}
	}
	if (lane < CHUNK) { solved[out + lane * width + shape.channels + shape.keys] = faded[lane]; }
}
