// Statistics of each row of a block of M. Symbols: RowStatistics in attention-results.ts.
// One workgroup a row; 64 invocations stride over its columns and then fold their sums in a tree,
// with one barrier a level.

const LANES = 64u;
const FIELDS = 7u;

struct Shape {
	heads_in_block: u32, rows: u32, columns: u32, // the block, [heads in block, rows, columns]
	first_row: u32, // row of M that the block starts at
	first_head: u32, // batch-major (batch, head) that the block starts at
	tokens: u32, // T: rows of M
	query_offset: u32, // key index of the query's own token, less its row
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
// [B, H, T, 7]: entropy, largest, where, self, distance, negative, mass
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;

struct Sums { mass: f32, log_mass: f32, distance: f32, negative: f32 }
struct Peak { value: f32, column: u32 }

var<workgroup> sums: array<Sums, LANES>;
var<workgroup> peaks: array<Peak, LANES>;

fn larger(a: Peak, b: Peak) -> Peak {
	if (abs(b.value) > abs(a.value)) { return b; }
	if (abs(b.value) == abs(a.value) && b.column < a.column) { return b; }
	return a;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let base = (group.y * shape.rows + group.x) * shape.columns;
	let own = shape.first_row + group.x + shape.query_offset;
	var sum = Sums(0.0, 0.0, 0.0, 0.0);
	var peak = Peak(0.0, 0xffffffffu);
	for (var j = lane; j < shape.columns; j += LANES) {
		let value = weights[base + j];
		let size = abs(value);
		peak = larger(peak, Peak(value, j));
		if (size > 0.0) {
			sum.mass += size;
			sum.log_mass += size * log(size);
			sum.distance += size * abs(f32(own) - f32(j));
			sum.negative += max(-value, 0.0);
		}
	}
	sums[lane] = sum;
	peaks[lane] = peak;
	for (var half = LANES / 2u; half > 0u; half /= 2u) {
		workgroupBarrier();
		if (lane < half) {
			let other = sums[lane + half];
			sums[lane].mass += other.mass;
			sums[lane].log_mass += other.log_mass;
			sums[lane].distance += other.distance;
			sums[lane].negative += other.negative;
			peaks[lane] = larger(peaks[lane], peaks[lane + half]);
		}
	}
	if (lane > 0u) { return; }
	let all = sums[0];
	let found = peaks[0];
	let out = ((shape.first_head + group.y) * shape.tokens + shape.first_row + group.x) * FIELDS;
	let share = select(0.0, 1.0 / all.mass, all.mass > 0.0);
	statistics[out] = select(0.0, max(0.0, log(all.mass) - all.log_mass * share), all.mass > 0.0);
	statistics[out + 1u] = found.value;
	statistics[out + 2u] = f32(select(found.column, 0u, found.column == 0xffffffffu));
	var self_share = 0.0;
	if (own < shape.columns) { self_share = abs(weights[base + own]) * share; }
	statistics[out + 3u] = self_share;
	statistics[out + 4u] = all.distance * share;
	statistics[out + 5u] = all.negative * share;
	statistics[out + 6u] = all.mass;
}
