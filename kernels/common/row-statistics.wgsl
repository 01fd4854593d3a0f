// Statistics of each row of a block of M. Symbols: RowStatistics in attention-results.ts.
// One workgroup a row; 32 invocations stride over its columns, and after one barrier the first adds up.

const LANES = 32u;
const TINY = 1e-38; // log of zero is not portable

struct Shape {
	heads_in_block: u32, rows: u32, columns: u32, // the block, [heads in block, rows, columns]
	first_row: u32, // row of M that the block starts at
	first_head: u32, // batch-major (batch, head) that the block starts at
	tokens: u32, // T: rows of M
	query_offset: u32, // key index of the query's own token, less its row
	reach: u32, // row t of M is zero from column t + reach on
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
@group(0) @binding(2) var<storage, read> scales: array<f32>; // [heads in block, rows], M = scale · weight
@group(0) @binding(3) var<storage, read_write> statistics: array<f32>; // [B, H, T, 7]

struct Sums { mass: f32, log_mass: f32, distance: f32, negative: f32 }
struct Peak { value: f32, column: u32 }

var<workgroup> sums: array<Sums, LANES>;
var<workgroup> peaks: array<Peak, LANES>;

fn larger(a: Peak, b: Peak) -> Peak {
	let wins = abs(b.value) > abs(a.value) || (abs(b.value) == abs(a.value) && b.column < a.column);
	return Peak(select(a.value, b.value, wins), select(a.column, b.column, wins));
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let row = group.y * shape.rows + group.x;
	let base = row * shape.columns;
	let own = shape.first_row + group.x + shape.query_offset;
	let end = min(shape.columns, shape.first_row + group.x + shape.reach);
	var sum = Sums(0.0, 0.0, 0.0, 0.0);
	var peak = Peak(0.0, 0xffffffffu);
	for (var j = lane; j < end; j += LANES) {
		let value = weights[base + j];
		let size = abs(value);
		let wins = size > abs(peak.value);
		peak = Peak(select(peak.value, value, wins), select(peak.column, j, wins));
		sum.mass += size;
		sum.log_mass += size * log(max(size, TINY));
		sum.distance += size * abs(f32(own) - f32(j));
		sum.negative += max(-value, 0.0);
	}
	sums[lane] = sum;
	peaks[lane] = peak;
	workgroupBarrier();
	if (lane > 0u) { return; }
	for (var i = 1u; i < LANES; i++) {
		let other = sums[i];
		sum.mass += other.mass;
		sum.log_mass += other.log_mass;
		sum.distance += other.distance;
		sum.negative += other.negative;
		peak = larger(peak, peaks[i]);
	}
	let any = sum.mass > 0.0 && scales[row] != 0.0;
	let share = select(0.0, 1.0 / sum.mass, any);
	var self_share = 0.0;
	if (own < end) { self_share = abs(weights[base + own]) * share; }
	let out = ((shape.first_head + group.y) * shape.tokens + shape.first_row + group.x) * 7u;
	statistics[out] = select(0.0, max(0.0, log(sum.mass) - sum.log_mass * share), any); // entropy
	statistics[out + 1u] = peak.value * scales[row];
	statistics[out + 2u] = f32(select(0u, peak.column, any)); // where
	statistics[out + 3u] = self_share;
	statistics[out + 4u] = sum.distance * share;
	statistics[out + 5u] = sum.negative * share;
	statistics[out + 6u] = sum.mass * abs(scales[row]);
}
