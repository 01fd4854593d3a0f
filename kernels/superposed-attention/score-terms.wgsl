// ⟨a_{m'n} ⊙ q_{m'n}[t], a_{mn'} ⊙ k_{mn'}[j]⟩ for every m' and n' of one cell (m, n).
// One invocation a term; no barrier.

override masked = false;

struct Shape {
	q_strides: vec4u, k_strides: vec4u, mask_strides: vec4u, // batch, head, token, channel
	q_offset: u32, k_offset: u32, mask_offset: u32,
	grid_rows: u32, grid_columns: u32, channels: u32, // M, N, K
	grid: u32, row: u32, column: u32, head: u32, query: u32, key: u32, // b, m, n, h, t, j
	scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B·M·N, H, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B·M·N, H, T, K]
@group(0) @binding(3) var<storage, read> keys: array<f32>; // [M, N, K] of ±1
@group(0) @binding(4) var<storage, read> mask: array<f32>; // strided [B·M·N, 1, T, 1]
@group(0) @binding(5) var<storage, read_write> terms: array<f32>; // [M, N]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let cells = shape.grid_rows * shape.grid_columns;
	if (id.x >= cells) { return; }
	let query_cell = (id.x / shape.grid_columns) * shape.grid_columns + shape.column;
	let key_cell = shape.row * shape.grid_columns + id.x % shape.grid_columns;
	let from_query = vec4u(shape.grid * cells + query_cell, shape.head, shape.query, 0u) * shape.q_strides;
	let from_key = vec4u(shape.grid * cells + key_cell, shape.head, shape.key, 0u) * shape.k_strides;
	let x = shape.q_offset + from_query.x + from_query.y + from_query.z;
	let y = shape.k_offset + from_key.x + from_key.y + from_key.z;
	var sum = 0.0;
	for (var d = 0u; d < shape.channels; d++) {
		sum += q[x + d * shape.q_strides.w] * keys[query_cell * shape.channels + d]
			* k[y + d * shape.k_strides.w] * keys[key_cell * shape.channels + d];
	}
	if (masked) {
		let batch = shape.grid * cells + key_cell;
		sum *= mask[shape.mask_offset + batch * shape.mask_strides.x + shape.key * shape.mask_strides.z];
	}
	terms[id.x] = sum * shape.scale;
}
