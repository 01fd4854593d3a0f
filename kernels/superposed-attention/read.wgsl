// Reads the shared state with each bundled query, divides by each denominator and unbinds.
// One invocation a channel of one bundled query, for all cells of its grid column; no barrier.

override shared_denominator = false;

struct Shape {
	grid_rows: u32, grid_columns: u32, // M and N
	heads: u32, tokens: u32, channels: u32, features: u32, // H, T, K, F
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<f32>; // φ(Q̃), [B, N, H, T, F]
@group(0) @binding(2) var<storage, read> state: array<f32>; // [B, H, F, K]
@group(0) @binding(3) var<storage, read> scales: array<f32>; // 1 / denominator, [batches, H, T]
@group(0) @binding(4) var<storage, read> keys: array<f32>; // [M, N, K] of ±1
@group(0) @binding(5) var<storage, read_write> o: array<f32>; // [batches, H, T, K]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens * shape.channels) { return; }
	let t = id.x / shape.channels;
	let d = id.x % shape.channels;
	let head = id.y;
	let grid = id.z / shape.grid_columns;
	let n = id.z % shape.grid_columns;
	let query = ((id.z * shape.heads + head) * shape.tokens + t) * shape.features;
	let column = (grid * shape.heads + head) * shape.features * shape.channels + d;
	var sum = 0.0;
	for (var r = 0u; r < shape.features; r++) {
		sum += queries[query + r] * state[column + r * shape.channels];
	}
	if (shared_denominator) {
		let row = (id.z * shape.heads + head) * shape.tokens + t;
		o[row * shape.channels + d] = sum * scales[row];
		return;
	}
	for (var m = 0u; m < shape.grid_rows; m++) {
		let cell = m * shape.grid_columns + n;
		let batch = grid * shape.grid_rows * shape.grid_columns + cell;
		let row = (batch * shape.heads + head) * shape.tokens + t;
		o[row * shape.channels + d] = sum * scales[row] * keys[cell * shape.channels + d];
	}
}
