// S = Σ over grid rows and tokens of φ(K̃) Ṽᵀ: the one state that all cells of a grid share.
// An invocation owns one channel of four features; neighbours read neighbouring channels; no barrier.

struct Shape {
	grid_rows: u32, heads: u32, // M and H
	tokens: u32, channels: u32, features: u32, // T, K, F
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> keys: array<f32>; // φ(K̃), [B, M, H, F, T]
@group(0) @binding(2) var<storage, read> bundles: array<f32>; // Ṽ, [B, M, H, T, K]
@group(0) @binding(3) var<storage, read_write> state: array<f32>; // [B, H, F, K]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.channels) { return; }
	let grid = id.z / shape.heads;
	let head = id.z % shape.heads;
	let first = id.y * 4u;
	let r = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(shape.features - 1u));
	var sum = vec4f();
	for (var m = 0u; m < shape.grid_rows; m++) {
		let outer = (grid * shape.grid_rows + m) * shape.heads + head;
		let key = (outer * shape.features + r) * shape.tokens;
		for (var t = 0u; t < shape.tokens; t++) {
			let value = bundles[(outer * shape.tokens + t) * shape.channels + id.x];
			sum += value * vec4f(keys[key.x + t], keys[key.y + t], keys[key.z + t], keys[key.w + t]);
		}
	}
	for (var i = 0u; i < min(4u, shape.features - first); i++) {
		state[(id.z * shape.features + first + i) * shape.channels + id.x] = sum[i];
	}
}
