// Softmax of each row, in place: bits of scores go in, probabilities come out.
// One workgroup a row; 64 invocations stride over its columns and fold in a tree with one barrier a level.

const LANES = 64u;
const EXCLUDED = 0xff800000u;
const LOWEST = -3.4028234e38;

struct Shape { rows: u32, keys: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read_write> block: array<u32>; // [heads in block, rows, S], float32 bits

var<workgroup> folded: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let base = (group.y * shape.rows + group.x) * shape.keys;
	var largest = LOWEST;
	for (var j = lane; j < shape.keys; j += LANES) {
		let bits = block[base + j];
		if (bits != EXCLUDED) { largest = max(largest, bitcast<f32>(bits)); }
	}
	folded[lane] = largest;
	for (var half = LANES / 2u; half > 0u; half /= 2u) {
		workgroupBarrier();
		if (lane < half) { folded[lane] = max(folded[lane], folded[lane + half]); }
	}
	workgroupBarrier();
	largest = folded[0];
	workgroupBarrier();

	var sum = 0.0;
	for (var j = lane; j < shape.keys; j += LANES) {
		let bits = block[base + j];
		var weight = 0.0;
		if (bits != EXCLUDED) { weight = exp(bitcast<f32>(bits) - largest); }
		block[base + j] = bitcast<u32>(weight);
		sum += weight;
	}
	folded[lane] = sum;
	for (var half = LANES / 2u; half > 0u; half /= 2u) {
		workgroupBarrier();
		if (lane < half) { folded[lane] += folded[lane + half]; }
	}
	workgroupBarrier();
	if (folded[0] == 0.0) { return; }
	let share = 1.0 / folded[0];
	for (var j = lane; j < shape.keys; j += LANES) {
		block[base + j] = bitcast<u32>(bitcast<f32>(block[base + j]) * share);
	}
}
