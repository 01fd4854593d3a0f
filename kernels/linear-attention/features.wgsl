// Features of queries or keys. Formulas: README.md.
// One invocation a feature; no barrier.

override kind = 0u; // 1 elu + 1, 2 ReLU, 3 exp, 4 Taylor-2, 5 random
override relu_projection = false; // random features by ReLU, else by exp

struct Shape {
	strides: vec4u, // batch, head, token, channel
	offset: u32,
	heads: u32, tokens: u32, channels: u32, features: u32, // H, T, K, F
	epsilon: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> source: array<f32>; // strided [B, H, T, K]
@group(0) @binding(2) var<storage, read> projection: array<f32>; // [F, K]
@group(0) @binding(3) var<storage, read_write> mapped: array<f32>; // [B, H, T, F]

fn random_feature(row: u32, f: u32) -> f32 {
	let root = pow(f32(shape.channels), -0.25);
	var along = 0.0;
	var square = 0.0;
	for (var i = 0u; i < shape.channels; i++) {
		let x = source[row + i * shape.strides.w] * root;
		along += projection[f * shape.channels + i] * x;
		square += x * x;
	}
	if (relu_projection) { return max(along, 0.0) + shape.epsilon; }
	return (exp(along - square / 2.0) + shape.epsilon) / sqrt(f32(shape.features));
}

fn taylor_feature(row: u32, f: u32) -> f32 {
	if (f == 0u) { return 1.0; }
	let root = pow(f32(shape.channels), -0.25);
	if (f <= shape.channels) { return source[row + (f - 1u) * shape.strides.w] * root; }
	let pair = f - 1u - shape.channels;
	let x = source[row + pair / shape.channels * shape.strides.w] * root;
	return x * source[row + pair % shape.channels * shape.strides.w] * root * 0.70710678;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let f = id.x;
	if (f >= shape.features) { return; }
	let row = shape.offset + id.z / shape.heads * shape.strides.x
		+ id.z % shape.heads * shape.strides.y + id.y * shape.strides.z;
	var value: f32;
	if (kind == 4u) { value = taylor_feature(row, f); }
	else if (kind == 5u) { value = random_feature(row, f); }
	else {
		let x = source[row + f * shape.strides.w];
		if (kind == 1u) { value = select(exp(x), x + 1.0, x > 0.0); }
		else if (kind == 2u) { value = max(x, 0.0); }
		else { value = exp(x); }
	}
	mapped[(id.z * shape.tokens + id.y) * shape.features + f] = value;
}
