// What the two branches make together. One invocation an answer; no barrier.

struct Shape {
	mix_strides: vec4u, // batch, head, token, branch
	mix_offset: u32,
	batch_heads: u32, heads: u32, tokens: u32, channels: u32, // B·H, H, T, V
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> mix_weights: array<f32>; // strided [B, H, T, 2]: state, softmax
@group(0) @binding(2) var<storage, read> state: array<f32>; // [B, H, T, V]
@group(0) @binding(3) var<storage, read> softmax: array<f32>; // [B, H, T, V]
@group(0) @binding(4) var<storage, read_write> o: array<f32>; // [B, H, T, V]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.channels || id.y >= shape.tokens) { return; }
	let at = (id.z * shape.tokens + id.y) * shape.channels + id.x;
	let from_weights = shape.mix_offset + id.z / shape.heads * shape.mix_strides.x
		+ id.z % shape.heads * shape.mix_strides.y + id.y * shape.mix_strides.z;
	o[at] = mix_weights[from_weights] * state[at]
		+ mix_weights[from_weights + shape.mix_strides.w] * softmax[at];
}
