// exp(score − largest) of each row, in place, and 1 / Σ of them as the row's scale.
// One workgroup a row; 32 invocations stride over its columns, with a barrier between the passes.

const LANES = 32u;
const EXCLUDED = 0xff800000u;
const LOWEST = -3.4028234e38;

struct Shape {
	rows: u32, keys: u32, first_row: u32,
	reach: u32, // row t sees nothing from column t + reach on
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read_write> block: array<u32>; // [heads in block, rows, S], float32 bits
@group(0) @binding(2) var<storage, read_write> scales: array<f32>; // [heads in block, rows]

var<workgroup> folded: array<f32, LANES>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let row = group.y * shape.rows + group.x;
	let base = row * shape.keys;
	let end = min(shape.keys, shape.first_row + group.x + shape.reach);
	var largest = LOWEST;
	for (var j = lane; j < end; j += LANES) {
		let bits = block[base + j];
		largest = max(largest, bitcast<f32>(select(bits, bitcast<u32>(LOWEST), bits == EXCLUDED)));
	}
	folded[lane] = largest;
	workgroupBarrier();
	for (var i = 0u; i < LANES; i++) { largest = max(largest, folded[i]); }
	workgroupBarrier();

	var sum = 0.0;
	for (var j = lane; j < end; j += LANES) {
		let bits = block[base + j];
		let score = bitcast<f32>(select(bits, 0u, bits == EXCLUDED));
		let weight = select(exp(score - largest), 0.0, bits == EXCLUDED);
		block[base + j] = bitcast<u32>(weight);
		sum += weight;
	}
	for (var j = end + lane; j < shape.keys; j += LANES) { block[base + j] = 0u; }
	folded[lane] = sum;
	workgroupBarrier();
	if (lane > 0u) { return; }
	for (var i = 1u; i < LANES; i++) { sum += folded[i]; }
	scales[row] = select(0.0, 1.0 / sum, sum > 0.0);
}
