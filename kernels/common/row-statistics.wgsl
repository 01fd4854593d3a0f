// Statistics of each row of a block of M. Symbols: RowStatistics in attention-results.ts.
// A workgroup owns 4 rows; 8 invocations a row take 4 columns each at a time, and after one barrier the first
// adds up. Few invocations a row, since on a software adapter the barrier costs more than the row.

const LANES = 8u;
const ROWS = 4u;
const STRIDE = vec4u(0u, LANES, 2u * LANES, 3u * LANES);
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

var<workgroup> sums: array<Sums, LANES * ROWS>;
var<workgroup> peaks: array<Peak, LANES * ROWS>;

fn larger(a: Peak, b: Peak) -> Peak {
	let wins = abs(b.value) > abs(a.value) || (abs(b.value) == abs(a.value) && b.column < a.column);
	return Peak(select(a.value, b.value, wins), select(a.column, b.column, wins));
}

fn total(parts: vec4f) -> f32 {
	return parts.x + parts.y + parts.z + parts.w;
}

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let in_block = group.x * ROWS + local.y;
	let row = group.y * shape.rows + min(in_block, shape.rows - 1u);
	let base = row * shape.columns;
	let own = shape.first_row + in_block + shape.query_offset;
	let end = min(shape.columns, shape.first_row + in_block + shape.reach);
	let first = local.y * LANES;
	var mass = vec4f();
	var log_mass = vec4f();
	var distance = vec4f();
	var negative = vec4f();
	var value = vec4f();
	var column = vec4u(0xffffffffu);
	for (var j = lane; j < end; j += 4u * LANES) {
		let columns = j + STRIDE;
		let inside = columns < vec4u(end);
		let at = base + min(columns, vec4u(end - 1u));
		let values = select(vec4f(), vec4f(weights[at.x], weights[at.y], weights[at.z], weights[at.w]), inside);
		let size = abs(values);
		let wins = size > abs(value);
		value = select(value, values, wins);
		column = select(column, columns, wins);
		mass += size;
		log_mass += size * log(max(size, vec4f(TINY)));
		distance += size * abs(f32(own) - vec4f(columns));
		negative += max(-values, vec4f());
	}
	var sum = Sums(total(mass), total(log_mass), total(distance), total(negative));
	var peak = larger(
		larger(Peak(value.x, column.x), Peak(value.y, column.y)),
		larger(Peak(value.z, column.z), Peak(value.w, column.w)),
	);
	sums[first + lane] = sum;
	peaks[first + lane] = peak;
	workgroupBarrier();
	if (lane > 0u || in_block >= shape.rows) { return; }
	for (var i = 1u; i < LANES; i++) {
		let other = sums[first + i];
		sum.mass += other.mass;
		sum.log_mass += other.log_mass;
		sum.distance += other.distance;
		sum.negative += other.negative;
		peak = larger(peak, peaks[first + i]);
	}
	let any = sum.mass > 0.0 && scales[row] != 0.0;
	let share = select(0.0, 1.0 / sum.mass, any);
	var self_share = 0.0;
	if (own < end) { self_share = abs(weights[base + own]) * share; }
	let out = ((shape.first_head + group.y) * shape.tokens + shape.first_row + in_block) * 7u;
	statistics[out] = select(0.0, max(0.0, log(sum.mass) - sum.log_mass * share), any); // entropy
	statistics[out + 1u] = peak.value * scales[row];
	statistics[out + 2u] = f32(select(0u, peak.column, any)); // where
	statistics[out + 3u] = self_share;
	statistics[out + 4u] = sum.distance * share;
	statistics[out + 5u] = sum.negative * share;
	statistics[out + 6u] = sum.mass * abs(scales[row]);
}
