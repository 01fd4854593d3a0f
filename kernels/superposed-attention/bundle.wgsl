// Binds the vectors of the cells with their keys and sums them over grid rows, or over grid columns.
// One invocation an element of a bundle; no barrier.

override over_rows = true; // else over columns
override masked = false;

struct Shape {
	strides: vec4u, // batch, head, token, channel
	mask_strides: vec4u,
	offset: u32, mask_offset: u32,
	grid_rows: u32, grid_columns: u32, // M and N
	heads: u32, tokens: u32, channels: u32, // H, T, K
	scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> vectors: array<f32>; // strided [B·M·N, H, T, K]
@group(0) @binding(2) var<storage, read> keys: array<f32>; // [M, N, K] of ±1
@group(0) @binding(3) var<storage, read> mask: array<f32>; // strided [B·M·N, 1, T, 1]
@group(0) @binding(4) var<storage, read_write> bundles: array<f32>; // [B, N or M, H, T, K]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens * shape.channels) { return; }
	let t = id.x / shape.channels;
	let d = id.x % shape.channels;
	let sides = select(shape.grid_rows, shape.grid_columns, over_rows);
	let grid = id.z / sides;
	let side = id.z % sides;
	let terms = select(shape.grid_columns, shape.grid_rows, over_rows);
	var sum = 0.0;
	for (var i = 0u; i < terms; i++) {
		let m = select(side, i, over_rows);
		let n = select(i, side, over_rows);
		let cell = m * shape.grid_columns + n;
		let batch = grid * shape.grid_rows * shape.grid_columns + cell;
		let at = vec4u(batch, id.y, t, d) * shape.strides;
		var value = vectors[shape.offset + at.x + at.y + at.z + at.w] * keys[cell * shape.channels + d];
		if (masked) {
			value *= mask[shape.mask_offset + batch * shape.mask_strides.x + t * shape.mask_strides.z];
		}
		sum += value;
	}
	bundles[(id.z * shape.heads + id.y) * shape.tokens * shape.channels + id.x] = sum * shape.scale;
}
