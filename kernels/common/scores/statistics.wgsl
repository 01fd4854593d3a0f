// Statistics of each row of a softmax, straight from the scores: M is never written. Follows tile.wgsl.
// With m the largest score so far, Z = Σ e^(s−m), the entropy is ln Z − Σ e^(s−m) (s−m) / Z; all sums are scaled
// by e^(m−m′) when a larger m′ comes (arXiv:1805.02867).
// A workgroup owns 64 queries and walks over all keys they may see, an invocation 8 queries × 8 keys of every 64;
// after one barrier each invocation adds up the eight parts of one query.

@group(0) @binding(7) var<storage, read_write> statistics: array<f32>; // [B, H, T, 7], as in row-statistics.wgsl

const LOWEST = -3.4028234e38;
const NOWHERE = 0xffffffffu;

// Sums over some of a query's keys.
struct Part {
	largest: f32, // m
	column: u32,
	own: f32, // score of the query's own token
	mass: f32, // Z
	surprise: f32, // Σ e^(s−m) (s−m)
	distance: f32,
}

var<workgroup> parts: array<Part, 512>; // [64 queries][8 columns of invocations]

fn add(part: Part, near: vec4u, far: vec4u, t: u32, column: u32) -> Part {
	let lowest = vec4u(bitcast<u32>(LOWEST));
	let sees_near = near != vec4u(EXCLUDED);
	let sees_far = far != vec4u(EXCLUDED);
	let scores = bitcast<vec4f>(select(lowest, near, sees_near));
	let scores_far = bitcast<vec4f>(select(lowest, far, sees_far));
	let most = max(scores, scores_far);
	let tile_largest = max(max(most.x, most.y), max(most.z, most.w));
	let own = t + shape.query_offset;
	var sum = part;
	if (tile_largest > part.largest) {
		let places = column + vec4u(0u, 8u, 16u, 24u);
		let first = select(vec4u(NOWHERE), places, scores == vec4f(tile_largest));
		let first_far = select(vec4u(NOWHERE), places + 32u, scores_far == vec4f(tile_largest));
		let either = min(first, first_far);
		sum.column = min(min(either.x, either.y), min(either.z, either.w));
		let down = exp(part.largest - tile_largest);
		sum.surprise = (part.surprise + part.mass * (part.largest - tile_largest)) * down;
		sum.mass *= down;
		sum.distance *= down;
		sum.largest = tile_largest;
	}
	let below = select(vec4f(), scores - sum.largest, sees_near);
	let below_far = select(vec4f(), scores_far - sum.largest, sees_far);
	let weights = select(vec4f(), exp(below), sees_near);
	let weights_far = select(vec4f(), exp(below_far), sees_far);
	let apart = f32(column) - f32(own) + vec4f(0.0, 8.0, 16.0, 24.0);
	sum.mass += dot(weights + weights_far, vec4f(1.0));
	sum.surprise += dot(weights, below) + dot(weights_far, below_far);
	sum.distance += dot(weights, abs(apart)) + dot(weights_far, abs(apart + 32.0));
	if (own >= column && own < column + 64u && (own - column) % 8u == 0u) {
		let at = (own - column) / 8u;
		sum.own = select(scores_far[at % 4u], scores[at % 4u], at < 4u);
	}
	return sum;
}

@compute @workgroup_size(8, 8)
fn main(
	@builtin(workgroup_id) group: vec3u,
	@builtin(local_invocation_id) local: vec3u,
	@builtin(local_invocation_index) lane: u32,
) {
	let first = group.x * 64u;
	let row = first + local.y * 8u;
	let batch = (shape.first_head + group.z) / shape.heads;
	let head = (shape.first_head + group.z) % shape.heads;
	let own = shape.first_row + first + shape.query_offset;
	var from_key = 0u;
	var to_key = shape.keys;
	if (windowed && own >= shape.window) { from_key = (own - shape.window + 1u) / 64u * 64u; }
	if (causal && causal_excludes) { to_key = min(to_key, own + 64u); }

	var mine: array<Part, 8>;
	for (var r = 0u; r < 8u; r++) { mine[r] = Part(LOWEST, NOWHERE, LOWEST, 0.0, 0.0, 0.0); }
	for (var key = from_key; key < to_key; key += 64u) {
		let column = key + local.x;
		let sums = products(row, column, batch, head);
		for (var r = 0u; r < 8u; r++) {
			let t = shape.first_row + row + r;
			let j = column + vec4u(0u, 8u, 16u, 24u);
			let near = masked(sums[r * 2u], batch, head, t, j);
			let far = masked(sums[r * 2u + 1u], batch, head, t, j + 32u);
			mine[r] = add(mine[r], near, far, t, column);
		}
	}
	for (var r = 0u; r < 8u; r++) { parts[(local.y * 8u + r) * 8u + local.x] = mine[r]; }
	workgroupBarrier();

	if (first + lane >= shape.rows) { return; }
	var all = parts[lane * 8u];
	for (var i = 1u; i < 8u; i++) {
		let part = parts[lane * 8u + i];
		let largest = max(all.largest, part.largest);
		let down = exp(all.largest - largest);
		let part_down = exp(part.largest - largest);
		if (part.largest > all.largest || (part.largest == all.largest && part.column < all.column)) {
			all.column = part.column;
		}
		all.surprise = (all.surprise + all.mass * (all.largest - largest)) * down
			+ (part.surprise + part.mass * (part.largest - largest)) * part_down;
		all.mass = all.mass * down + part.mass * part_down;
		all.distance = all.distance * down + part.distance * part_down;
		all.own = max(all.own, part.own);
		all.largest = largest;
	}
	let any = all.mass > 0.0;
	let share = select(0.0, 1.0 / all.mass, any);
	let out = ((shape.first_head + group.z) * shape.tokens + shape.first_row + first + lane) * 7u;
	statistics[out] = select(0.0, max(0.0, log(all.mass) - all.surprise * share), any); // entropy
	statistics[out + 1u] = share; // the largest
	statistics[out + 2u] = f32(select(0u, all.column, any)); // where
	statistics[out + 3u] = exp(all.own - all.largest) * share; // on the own token
	statistics[out + 4u] = all.distance * share;
	statistics[out + 5u] = 0.0; // below zero
	statistics[out + 6u] = select(0.0, 1.0, any); // Σ
}
