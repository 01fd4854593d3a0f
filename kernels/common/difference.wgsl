// Σ (o − given)² and Σ given² over strips of rows, one pair of sums a strip.
// One invocation a strip; strips never meet, so no barrier.

struct Shape {
	given_strides: vec4u, // batch, head, token, channel
	given_offset: u32,
	first_head: u32, count: u32, // batch-major (batch, head), and how many from there on
	heads: u32, tokens: u32, channels: u32, // H, T, V
	strip: u32, strips: u32, // rows in a strip, strips a head
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> o: array<f32>; // [B, H, T, V]
@group(0) @binding(2) var<storage, read> given: array<f32>; // strided [B, H, T, V]
@group(0) @binding(3) var<storage, read_write> sums: array<f32>; // [count, strips, 2]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.strips || id.y >= shape.count) { return; }
	let batch_head = shape.first_head + id.y;
	let batch = batch_head / shape.heads;
	let head = batch_head % shape.heads;
	let base = shape.given_offset + batch * shape.given_strides.x + head * shape.given_strides.y;
	let from_row = id.x * shape.strip;
	var apart = 0.0;
	var size = 0.0;
	for (var t = from_row; t < min(from_row + shape.strip, shape.tokens); t++) {
		for (var d = 0u; d < shape.channels; d++) {
			let expected = given[base + t * shape.given_strides.z + d * shape.given_strides.w];
			let difference = o[(batch_head * shape.tokens + t) * shape.channels + d] - expected;
			apart += difference * difference;
			size += expected * expected;
		}
	}
	let out = (id.y * shape.strips + id.x) * 2u;
	sums[out] = apart;
	sums[out + 1u] = size;
}
