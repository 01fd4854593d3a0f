// z_i = Σ_j exp(x_iᵀ A x_j). An invocation owns four particles; no barrier.

struct Shape {
	particles: u32, // N
	limit: f32, // of a score
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> scored: array<vec4f>; // X A, [N], coordinates padded with 0
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // [N]
@group(0) @binding(3) var<storage, read_write> mass: array<f32>; // [N]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let first = id.x * 4u;
	if (first >= shape.particles) { return; }
	let i = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(shape.particles - 1u));
	let own = transpose(mat4x4f(scored[i.x], scored[i.y], scored[i.z], scored[i.w]));
	let limit = vec4f(shape.limit);
	var sum = vec4f();
	for (var j = 0u; j < shape.particles; j++) { sum += exp(clamp(own * x[j], -limit, limit)); }
	for (var n = 0u; n < min(4u, shape.particles - first); n++) { mass[first + n] = sum[n]; }
}
