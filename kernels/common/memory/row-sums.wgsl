// 1 / (Σ_j weight[t, j] + epsilon) for each row of a block: the normaliser of linear attention.
// One workgroup a row; 32 invocations stride over its columns, and after one barrier the first adds up.

const LANES = 32u;

struct Shape {
	rows: u32, columns: u32, first_row: u32,
	reach: u32, // row t is zero from column t + reach on
	epsilon: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
@group(0) @binding(2) var<storage, read_write> scales: array<f32>; // [heads in block, rows]

var<workgroup> sums: array<f32, LANES>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let row = group.y * shape.rows + group.x;
	let end = min(shape.columns, shape.first_row + group.x + shape.reach);
	var sum = 0.0;
	for (var j = local.x; j < end; j += LANES) { sum += weights[row * shape.columns + j]; }
	sums[local.x] = sum;
	workgroupBarrier();
	if (local.x > 0u) { return; }
	for (var i = 1u; i < LANES; i++) { sum += sums[i]; }
	scales[row] = 1.0 / (sum + shape.epsilon);
}
