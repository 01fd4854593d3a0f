// A tile of scores, masked: what scores.wgsl and statistics.wgsl stand on. Maths and symbols: README.md.
// An invocation owns 8 queries × 8 keys in registers, since loads are what costs; neighbours read
// neighbouring keys, so the cache does what workgroup memory would, and no barrier is needed.
// What may not be seen has the bits of −∞: compilers may assume that no float is infinite.

const EXCLUDED = 0xff800000u;

override plain = false; // no softmax follows: what may not be seen is 0
override causal = false;
override causal_excludes = false; // else later keys get causal_fill
override additive_mask = false;
override multiplied = false; // by `additive`, in place of a sum
override allowed_mask = false;
override allowed_excludes = false; // else the others get allowed_fill
override capped = false;
override sloped = false;
override windowed = false;
override routed = false; // keys of earlier chunks are seen where their chunk's route is 0

struct Shape {
	q_strides: vec4u, // batch, head, token, channel
	additive_strides: vec4u, // batch, head, query, key
	allowed_strides: vec4u,
	q_offset: u32, additive_offset: u32, allowed_offset: u32, // in elements
	rows: u32, first_row: u32, first_head: u32, // the block; heads batch-major
	keys: u32, channels: u32, // S and K
	heads: u32, group: u32, // query heads, and how many of them share a key head
	query_offset: u32, // key index of the token of query 0
	window: u32, // keys that a query sees, itself included
	keep_zero: u32, // 1: a zero byte of `allowed` means seen
	chunk: u32, chunks: u32, // tokens in a chunk, chunks in a sequence
	tokens: u32, // T
	scale: f32, cap: f32, causal_fill: f32, allowed_fill: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // [B, H / group, K, S]
@group(0) @binding(3) var<storage, read> additive: array<u32>; // strided [B, H, T, S], float32 bits
@group(0) @binding(4) var<storage, read> allowed: array<u32>; // strided [B, H, T, S], bytes
@group(0) @binding(5) var<storage, read> slopes: array<f32>; // [H]
@group(0) @binding(6) var<storage, read> routes: array<u32>; // [B, H, chunks]

// The bits of what becomes of q·k = raw, for query t of a head and four keys. Keys past the end are not seen.
fn masked(raw: vec4f, batch: u32, head: u32, t: u32, j: vec4u) -> vec4u {
	let own = t + shape.query_offset;
	var score = raw * shape.scale;
	if (capped) { score = shape.cap * tanh(score / shape.cap); }
	if (sloped) { score += slopes[head] * (vec4f(j) - f32(own)); }
	var excluded = j >= vec4u(shape.keys);
	let key = min(j, vec4u(shape.keys - 1u));
	if (additive_mask) {
		let strides = shape.additive_strides;
		let at = shape.additive_offset + batch * strides.x + head * strides.y + t * strides.z + key * strides.w;
		let bits = vec4u(additive[at.x], additive[at.y], additive[at.z], additive[at.w]);
		let hidden = bits == vec4u(EXCLUDED);
		excluded = excluded | hidden;
		score += bitcast<vec4f>(select(bits, vec4u(), hidden));
	}
	if (multiplied) {
		let strides = shape.additive_strides;
		let at = shape.additive_offset + batch * strides.x + head * strides.y + t * strides.z + key * strides.w;
		score *= bitcast<vec4f>(vec4u(additive[at.x], additive[at.y], additive[at.z], additive[at.w]));
	}
	if (allowed_mask) {
		let strides = shape.allowed_strides;
		let at = shape.allowed_offset + batch * strides.x + head * strides.y + t * strides.z + key * strides.w;
		let words = vec4u(allowed[at.x / 4u], allowed[at.y / 4u], allowed[at.z / 4u], allowed[at.w / 4u]);
		let zero = ((words >> (8u * (at % 4u))) & vec4u(0xffu)) == vec4u();
		let kept = zero == vec4<bool>(shape.keep_zero == 1u);
		if (allowed_excludes) { excluded = excluded | !kept; }
		else { score = select(vec4f(shape.allowed_fill), score, kept); }
	}
	if (causal) {
		let later = j > vec4u(own);
		if (causal_excludes) { excluded = excluded | later; }
		else { score = select(score, vec4f(shape.causal_fill), later); }
	}
	if (windowed) { excluded = excluded | (j + shape.window <= vec4u(own)); }
	if (routed) {
		let chunk = key / shape.chunk;
		let at = (batch * shape.heads + head) * shape.chunks + chunk;
		let route = vec4u(routes[at.x], routes[at.y], routes[at.z], routes[at.w]);
		let other = chunk != vec4u(own / shape.chunk);
		excluded = excluded | (other & (route != vec4u()));
	}
	return select(bitcast<vec4u>(score), vec4u(select(EXCLUDED, 0u, plain)), excluded);
}

// q·k of queries `row` to `row + 7` of the block with keys `column`, `column + 8` to `column + 56`: [8][2] of 4.
fn products(row: u32, column: u32, batch: u32, head: u32) -> array<vec4f, 16> {
	var sums = array<vec4f, 16>();
	let queries = shape.q_offset + batch * shape.q_strides.x + head * shape.q_strides.y
		+ shape.first_row * shape.q_strides.z;
	let keys = ((batch * shape.heads + head) / shape.group) * shape.channels * shape.keys;
	let rows = vec4u(shape.rows - 1u);
	let columns = vec4u(shape.keys - 1u);
	var x = queries + min(row + vec4u(0u, 1u, 2u, 3u), rows) * shape.q_strides.z;
	var x_far = queries + min(row + vec4u(4u, 5u, 6u, 7u), rows) * shape.q_strides.z;
	var y = keys + min(column + vec4u(0u, 8u, 16u, 24u), columns);
	var y_far = keys + min(column + vec4u(32u, 40u, 48u, 56u), columns);
	for (var i = 0u; i < shape.channels; i++) {
		let near = vec4f(k[y.x], k[y.y], k[y.z], k[y.w]);
		let far = vec4f(k[y_far.x], k[y_far.y], k[y_far.z], k[y_far.w]);
		let some = vec4f(q[x.x], q[x.y], q[x.z], q[x.w]);
		let more = vec4f(q[x_far.x], q[x_far.y], q[x_far.z], q[x_far.w]);
		sums[0] += some.x * near;
		sums[1] += some.x * far;
		sums[2] += some.y * near;
		sums[3] += some.y * far;
		sums[4] += some.z * near;
		sums[5] += some.z * far;
		sums[6] += some.w * near;
		sums[7] += some.w * far;
		sums[8] += more.x * near;
		sums[9] += more.x * far;
		sums[10] += more.y * near;
		sums[11] += more.y * far;
		sums[12] += more.z * near;
		sums[13] += more.z * far;
		sums[14] += more.w * near;
		sums[15] += more.w * far;
		x += shape.q_strides.w;
		x_far += shape.q_strides.w;
		y += shape.keys;
		y_far += shape.keys;
	}
	return sums;
}
