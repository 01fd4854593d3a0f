// Copies a strided [B, H, S, K] tensor to [B, H, K, S], so that neighbouring invocations of the next
// shader read neighbouring keys. One invocation an element; no barrier.

struct Shape {
	strides: vec4u, // batch, head, token, channel
	offset: u32,
	heads: u32, tokens: u32, channels: u32, // H, S, K
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> source: array<f32>; // strided [B, H, S, K]
@group(0) @binding(2) var<storage, read_write> transposed: array<f32>; // [B, H, K, S]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens) { return; }
	let at = vec4u(id.z / shape.heads, id.z % shape.heads, id.x, id.y) * shape.strides;
	transposed[(id.z * shape.channels + id.y) * shape.tokens + id.x] =
		source[shape.offset + at.x + at.y + at.z + at.w];
}
