// φ(x) = ReLU(P x) + epsilon, or exp(P x) + epsilon, of every bundled vector.
// An invocation owns one feature of four tokens; neighbours read neighbouring features; no barrier.

override exponential = false;
override transposed = false; // tokens innermost

struct Shape {
	tokens: u32, channels: u32, features: u32, // T, K, F
	rescale: f32, // K^(−1/4)
	epsilon: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> vectors: array<f32>; // [groups, T, K]
@group(0) @binding(2) var<storage, read> projection: array<f32>; // [K, F]
@group(0) @binding(3) var<storage, read_write> mapped: array<f32>; // [groups, T, F] or [groups, F, T]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.features) { return; }
	let first = id.y * 4u;
	let t = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(shape.tokens - 1u));
	var x = (id.z * shape.tokens + t) * shape.channels;
	var sum = vec4f();
	for (var d = 0u; d < shape.channels; d++) {
		let direction = projection[d * shape.features + id.x];
		sum += direction * vec4f(vectors[x.x], vectors[x.y], vectors[x.z], vectors[x.w]);
		x += vec4u(1u);
	}
	sum *= shape.rescale;
	let value = select(max(sum, vec4f()), exp(sum), exponential) + shape.epsilon;
	let base = id.z * shape.tokens * shape.features;
	for (var i = 0u; i < min(4u, shape.tokens - first); i++) {
		let token = first + i;
		let at = select(token * shape.features + id.x, id.x * shape.tokens + token, transposed);
		mapped[base + at] = value[i];
	}
}
