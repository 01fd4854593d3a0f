// For each row of a block 1 / (Σ_j weight[t, j] + epsilon), the normaliser of linear attention, or
// 1 / max(|Σ_j weight[t, j]|, least), that of retention.
// A workgroup owns 4 rows; 8 invocations a row stride over its columns, and after one barrier the first adds up.

const LANES = 8u;
const ROWS = 4u;

struct Shape {
	rows: u32, columns: u32, first_row: u32,
	reach: u32, // row t is zero from column t + reach on
	epsilon: f32,
	least: f32, // 0 for none
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
@group(0) @binding(2) var<storage, read_write> scales: array<f32>; // [heads in block, rows]

var<workgroup> sums: array<f32, LANES * ROWS>;

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let in_block = group.x * ROWS + local.y;
	let row = group.y * shape.rows + min(in_block, shape.rows - 1u);
	let end = min(shape.columns, shape.first_row + in_block + shape.reach);
	let first = local.y * LANES;
	var sum = 0.0;
	for (var j = local.x; j < end; j += LANES) { sum += weights[row * shape.columns + j]; }
	sums[first + local.x] = sum;
	workgroupBarrier();
	if (local.x > 0u || in_block >= shape.rows) { return; }
	for (var i = 1u; i < LANES; i++) { sum += sums[first + i]; }
	scales[row] = 1.0 / select(sum + shape.epsilon, max(abs(sum), shape.least), shape.least > 0.0);
}
