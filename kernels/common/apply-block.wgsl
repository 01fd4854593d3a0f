// O = M · V for a block of rows of M.
// One invocation owns 4 rows × 4 value columns in registers and reads M and V straight from storage;
// the cache does what workgroup memory would, and no barrier is needed.

struct Shape {
	v_strides: vec4u, // batch, head, token, channel
	v_offset: u32,
	rows: u32, columns: u32, // the block, [heads in block, rows, columns]
	first_row: u32, first_head: u32, // batch-major
	heads: u32, group: u32, // query heads, and how many of them share a key head
	tokens: u32, channels: u32, // T and V
	reach: u32, // row t of M is zero from column t + reach on
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
@group(0) @binding(2) var<storage, read> v: array<f32>; // strided [B, H / group, columns, V]
@group(0) @binding(3) var<storage, read_write> o: array<f32>; // [B, H, T, V]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let row = id.y * 4u;
	let channel = id.x * 4u;
	if (row >= shape.rows || channel >= shape.channels) { return; }
	let batch_head = shape.first_head + id.z;
	let batch = batch_head / shape.heads;
	let head = (batch_head % shape.heads) / shape.group;
	let values = shape.v_offset + batch * shape.v_strides.x + head * shape.v_strides.y;
	let step = shape.v_strides.w;
	let c = min(vec4u(channel, channel + 1u, channel + 2u, channel + 3u), vec4u(shape.channels - 1u));
	let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(shape.rows - 1u));
	let base = (id.z * shape.rows + r) * shape.columns;
	let last = min(shape.columns, shape.first_row + r.w + shape.reach);

	var sum = mat4x4f();
	for (var j = 0u; j < last; j++) {
		let at = values + j * shape.v_strides.z;
		let value = vec4f(v[at + c.x * step], v[at + c.y * step], v[at + c.z * step], v[at + c.w * step]);
		sum[0] += weights[base.x + j] * value;
		sum[1] += weights[base.y + j] * value;
		sum[2] += weights[base.z + j] * value;
		sum[3] += weights[base.w + j] * value;
	}
	for (var i = 0u; i < min(4u, shape.rows - row); i++) {
		let out = (batch_head * shape.tokens + shape.first_row + row + i) * shape.channels + channel;
		for (var d = 0u; d < min(4u, shape.channels - channel); d++) { o[out + d] = sum[i][d]; }
	}
}
