// Σ_j M_ij x_j and Σ_j M_ij r_j x_j, with M_ij = exp(x_iᵀ A x_j) and r_j = q_j / z_j².
// An invocation owns four particles and keeps both sums in registers; no barrier.

struct Shape {
	particles: u32, // N
	limit: f32, // of a score
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> scored: array<vec4f>; // X A, [N], coordinates padded with 0
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // [N]
@group(0) @binding(3) var<storage, read> mass: array<f32>; // z, [N]
@group(0) @binding(4) var<storage, read> quadratic: array<f32>; // q = yᵀ B y, [N]
@group(0) @binding(5) var<storage, read_write> sums: array<vec4f>; // [2, N]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let first = id.x * 4u;
	if (first >= shape.particles) { return; }
	let i = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(shape.particles - 1u));
	let own = transpose(mat4x4f(scored[i.x], scored[i.y], scored[i.z], scored[i.w]));
	let limit = vec4f(shape.limit);
	var pull = mat4x4f();
	var weighted = mat4x4f();
	for (var j = 0u; j < shape.particles; j++) {
		let other = x[j];
		let weight = exp(clamp(own * other, -limit, limit));
		let drawn = other * (quadratic[j] / mass[j] / mass[j]);
		pull[0] += weight.x * other;
		pull[1] += weight.y * other;
		pull[2] += weight.z * other;
		pull[3] += weight.w * other;
		weighted[0] += weight.x * drawn;
		weighted[1] += weight.y * drawn;
		weighted[2] += weight.z * drawn;
		weighted[3] += weight.w * drawn;
	}
	for (var n = 0u; n < min(4u, shape.particles - first); n++) {
		sums[first + n] = pull[n];
		sums[shape.particles + first + n] = weighted[n];
	}
}
