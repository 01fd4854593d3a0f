// O = M · V for a block of rows of M.
// A workgroup owns 64 rows × 32 value columns, an invocation 8 × 4 of them in registers: loads are what costs.
// Neighbours read neighbouring columns, so the cache does what workgroup memory would, and no barrier is needed.

struct Shape {
	v_strides: vec4u, // batch, head, token, channel
	v_offset: u32,
	rows: u32, columns: u32, // the block, [heads in block, rows, columns]
	first_row: u32, first_head: u32, // batch-major
	heads: u32, group: u32, // query heads, and how many of them share a value head
	tokens: u32, channels: u32, // T and V
	reach: u32, // row t of M is zero from column t + reach on
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
@group(0) @binding(2) var<storage, read> scales: array<f32>; // [heads in block, rows], M = scale · weight
@group(0) @binding(3) var<storage, read> v: array<f32>; // strided [B, H / group, columns, V]
@group(0) @binding(4) var<storage, read_write> o: array<f32>; // [B, H, T, V]

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let row = group.y * 64u + local.y * 8u;
	let channel = group.x * 32u + local.x;
	let batch_head = shape.first_head + group.z;
	let batch = batch_head / shape.heads;
	let head = (batch_head % shape.heads) / shape.group;
	let last = vec4u(shape.rows - 1u);
	let r = min(row + vec4u(0u, 1u, 2u, 3u), last);
	let r_far = min(row + vec4u(4u, 5u, 6u, 7u), last);
	let c = min(channel + vec4u(0u, 8u, 16u, 24u), vec4u(shape.channels - 1u));
	let end = min(shape.columns, shape.first_row + r_far.w + shape.reach);

	var x = (group.z * shape.rows + r) * shape.columns;
	var x_far = (group.z * shape.rows + r_far) * shape.columns;
	var y = shape.v_offset + batch * shape.v_strides.x + head * shape.v_strides.y + c * shape.v_strides.w;
	var sums: array<vec4f, 8>;
	for (var j = 0u; j < end; j++) {
		let value = vec4f(v[y.x], v[y.y], v[y.z], v[y.w]);
		sums[0] += weights[x.x] * value;
		sums[1] += weights[x.y] * value;
		sums[2] += weights[x.z] * value;
		sums[3] += weights[x.w] * value;
		sums[4] += weights[x_far.x] * value;
		sums[5] += weights[x_far.y] * value;
		sums[6] += weights[x_far.z] * value;
		sums[7] += weights[x_far.w] * value;
		x += vec4u(1u);
		x_far += vec4u(1u);
		y += vec4u(shape.v_strides.z);
	}
	for (var i = 0u; i < 8u; i++) {
		if (row + i >= shape.rows) { return; }
		let out = (batch_head * shape.tokens + shape.first_row + row + i) * shape.channels;
		let scale = scales[group.z * shape.rows + row + i];
		for (var n = 0u; n < 4u; n++) {
			let d = channel + n * 8u;
			if (d < shape.channels) { o[out + d] = sums[i][n] * scale; }
		}
	}
}
