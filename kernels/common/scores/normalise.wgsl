// exp(score − largest) of each row, in place, and 1 / Σ of them as the row's scale. A sink counts as one more score of
// its row, which has no column.
// A workgroup owns 4 rows; 8 invocations a row take 4 columns each at a time, with a barrier between the passes.
// Few invocations a row, since on a software adapter the barrier costs more than the row.

const LANES = 8u;
const ROWS = 4u;
const STRIDE = vec4u(0u, LANES, 2u * LANES, 3u * LANES);
const EXCLUDED = vec4u(0xff800000u);
const LOWEST = -3.4028234e38;

override sinking = false;

struct Shape {
	rows: u32, keys: u32, first_row: u32,
	reach: u32, // row t sees nothing from column t + reach on
	first_head: u32, heads: u32, // of the block, batch-major; heads of a sequence
	sink_batch: u32, sink_head: u32, sink_query: u32, sink_offset: u32, // strides, in elements
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read_write> block: array<u32>; // [heads in block, rows, S], float32 bits
@group(0) @binding(2) var<storage, read_write> scales: array<f32>; // [heads in block, rows]

@group(0) @binding(3) var<storage, read> sinks: array<f32>; // strided [B, H, T]

var<workgroup> folded: array<f32, LANES * ROWS>;

// Where four columns from j on stand; those past the end stand at the last.
fn places(base: u32, j: u32, end: u32) -> vec4u {
	return base + min(j + STRIDE, vec4u(end - 1u));
}

fn load(at: vec4u) -> vec4u {
	return vec4u(block[at.x], block[at.y], block[at.z], block[at.w]);
}

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let in_block = group.x * ROWS + local.y;
	let row = group.y * shape.rows + min(in_block, shape.rows - 1u);
	let base = row * shape.keys;
	// A row past the end has no columns, so that all meet at the barriers
	let end = select(0u, min(shape.keys, shape.first_row + in_block + shape.reach), in_block < shape.rows);
	let own = local.y * LANES;
	var most = vec4f(LOWEST);
	for (var j = lane; j < end; j += 4u * LANES) {
		let bits = load(places(base, j, end));
		most = max(most, bitcast<vec4f>(select(bits, vec4u(bitcast<u32>(LOWEST)), bits == EXCLUDED)));
	}
	folded[own + lane] = max(max(most.x, most.y), max(most.z, most.w));
	workgroupBarrier();
	var largest = LOWEST;
	for (var i = 0u; i < LANES; i++) { largest = max(largest, folded[own + i]); }
	var sink = LOWEST;
	if (sinking) {
		let head = shape.first_head + group.y;
		let t = shape.first_row + min(in_block, shape.rows - 1u);
		sink = sinks[shape.sink_offset + head / shape.heads * shape.sink_batch
			+ head % shape.heads * shape.sink_head + t * shape.sink_query];
		largest = max(largest, sink);
	}
	workgroupBarrier();

	var sums = vec4f();
	for (var j = lane; j < end; j += 4u * LANES) {
		let at = places(base, j, end);
		let bits = load(at);
		let seen = bits != EXCLUDED;
		let scores = bitcast<vec4f>(select(vec4u(), bits, seen));
		let weights = select(vec4f(), exp(scores - largest), seen);
		let inside = j + STRIDE < vec4u(end);
		sums += select(vec4f(), weights, inside);
		block[at.x] = bitcast<u32>(weights.x);
		if (inside.y) { block[at.y] = bitcast<u32>(weights.y); }
		if (inside.z) { block[at.z] = bitcast<u32>(weights.z); }
		if (inside.w) { block[at.w] = bitcast<u32>(weights.w); }
	}
	if (in_block < shape.rows) {
		for (var j = end + lane; j < shape.keys; j += LANES) { block[base + j] = 0u; }
	}
	folded[own + lane] = sums.x + sums.y + sums.z + sums.w;
	workgroupBarrier();
	if (lane > 0u || in_block >= shape.rows) { return; }
	var sum = 0.0;
	for (var i = 0u; i < LANES; i++) { sum += folded[own + i]; }
	if (sinking) { sum += exp(sink - largest); }
	scales[row] = select(0.0, 1.0 / sum, sum > 0.0);
}
