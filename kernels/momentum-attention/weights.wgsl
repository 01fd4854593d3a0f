// E_ij (s_i + s_j + 2) of a block of rows, and 1 / 2i beside each; 0 after the diagonal.
// One invocation an entry; no barrier.

struct Shape {
	q_strides: vec4u, k_strides: vec4u, // batch, head, token, channel
	q_offset: u32, k_offset: u32,
	rows: u32, first_row: u32, first_batch: u32, // the block
	heads: u32, tokens: u32, channels: u32, // H, T, K
	scale: f32, limit: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B, H, T, K]
@group(0) @binding(3) var<storage, read> shares: array<f32>; // s, [B, T]
@group(0) @binding(4) var<storage, read_write> weights: array<f32>; // [batches in block, rows, T]
@group(0) @binding(5) var<storage, read_write> scales: array<f32>; // [batches in block, rows]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens) { return; }
	let i = shape.first_row + id.y;
	let j = id.x;
	let batch = shape.first_batch + id.z;
	let row = id.z * shape.rows + id.y;
	if (j == 0u) { scales[row] = 0.5 / f32(i + 1u); }
	var weight = 0.0;
	if (j <= i) {
		var score = 0.0;
		for (var h = 0u; h < shape.heads; h++) {
			let x = shape.q_offset + batch * shape.q_strides.x + h * shape.q_strides.y + i * shape.q_strides.z;
			let y = shape.k_offset + batch * shape.k_strides.x + h * shape.k_strides.y + j * shape.k_strides.z;
			for (var d = 0u; d < shape.channels; d++) {
				score += q[x + d * shape.q_strides.w] * k[y + d * shape.k_strides.w];
			}
		}
		weight = exp(clamp(score * shape.scale, -shape.limit, shape.limit))
			* (shares[batch * shape.tokens + i] + shares[batch * shape.tokens + j] + 2.0);
	}
	weights[row * shape.tokens + j] = weight;
}
