// s_i = ⟨c_B p_i, p_i⟩ / (z_i² + ε), with z_i the mean of E over the prefix of i.
// One workgroup a token; 64 invocations stride over its prefix, and after one barrier the first adds up.

const LANES = 64u;

struct Shape {
	q_strides: vec4u, k_strides: vec4u, // batch, head, token, channel
	p_strides: vec4u, moved_strides: vec4u,
	q_offset: u32, k_offset: u32, p_offset: u32, moved_offset: u32,
	heads: u32, tokens: u32, channels: u32, width: u32, // H, T, K, D
	scale: f32, limit: f32, epsilon: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B, H, T, K]
@group(0) @binding(3) var<storage, read> p: array<f32>; // strided [B, 1, T, D]
@group(0) @binding(4) var<storage, read> moved: array<f32>; // c_B(P), strided [B, 1, T, D]
@group(0) @binding(5) var<storage, read_write> shares: array<f32>; // [B, T]

var<workgroup> masses: array<f32, LANES>;
var<workgroup> quadratics: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let i = group.x;
	let batch = group.y;
	var mass = 0.0;
	for (var j = lane; j <= i; j += LANES) {
		var score = 0.0;
		for (var h = 0u; h < shape.heads; h++) {
			let x = shape.q_offset + batch * shape.q_strides.x + h * shape.q_strides.y + i * shape.q_strides.z;
			let y = shape.k_offset + batch * shape.k_strides.x + h * shape.k_strides.y + j * shape.k_strides.z;
			for (var d = 0u; d < shape.channels; d++) {
				score += q[x + d * shape.q_strides.w] * k[y + d * shape.k_strides.w];
			}
		}
		mass += exp(clamp(score * shape.scale, -shape.limit, shape.limit));
	}
	var quadratic = 0.0;
	let from_p = shape.p_offset + batch * shape.p_strides.x + i * shape.p_strides.z;
	let from_moved = shape.moved_offset + batch * shape.moved_strides.x + i * shape.moved_strides.z;
	for (var d = lane; d < shape.width; d += LANES) {
		quadratic += p[from_p + d * shape.p_strides.w] * moved[from_moved + d * shape.moved_strides.w];
	}
	masses[lane] = mass;
	quadratics[lane] = quadratic;
	workgroupBarrier();
	if (lane > 0u) { return; }
	for (var n = 1u; n < LANES; n++) {
		mass += masses[n];
		quadratic += quadratics[n];
	}
	let z = mass / f32(i + 1u);
	shares[batch * shape.tokens + i] = quadratic / (z * z + shape.epsilon);
}
