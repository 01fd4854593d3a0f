// Scores of a block of queries with every key, masked. Maths and symbols: README.md.
// A workgroup owns 32 queries × 32 keys, an invocation 4 × 4 of them in registers. Neighbours read
// neighbouring keys, so the cache does what workgroup memory would, and no barrier is needed.
// What may not be seen is written as the bits of −∞: compilers may assume that no float is infinite.

const EXCLUDED = 0xff800000u;

override plain = false; // no softmax follows: what may not be seen is 0
override causal = false;
override causal_excludes = false; // else later keys get causal_fill
override additive_mask = false;
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
	scale: f32, cap: f32, causal_fill: f32, allowed_fill: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // [B, H / group, K, S]
@group(0) @binding(3) var<storage, read> additive: array<u32>; // strided [B, H, T, S], float32 bits
@group(0) @binding(4) var<storage, read> allowed: array<u32>; // strided [B, H, T, S], bytes
@group(0) @binding(5) var<storage, read> slopes: array<f32>; // [H]
@group(0) @binding(6) var<storage, read> routes: array<u32>; // [B, H, chunks]
@group(0) @binding(7) var<storage, read_write> scores: array<u32>; // [heads in block, rows, S], bits

fn masked(raw: f32, batch: u32, head: u32, t: u32, j: u32) -> u32 {
	let own = t + shape.query_offset;
	var score = raw * shape.scale;
	if (capped) { score = shape.cap * tanh(score / shape.cap); }
	if (sloped) { score += slopes[head] * (f32(j) - f32(own)); }
	var excluded = false;
	if (additive_mask) {
		let at = vec4u(batch, head, t, j) * shape.additive_strides;
		let bits = additive[shape.additive_offset + at.x + at.y + at.z + at.w];
		excluded = bits == EXCLUDED;
		score += bitcast<f32>(select(bits, 0u, excluded));
	}
	if (allowed_mask) {
		let at = vec4u(batch, head, t, j) * shape.allowed_strides;
		let byte = shape.allowed_offset + at.x + at.y + at.z + at.w;
		let zero = ((allowed[byte / 4u] >> (8u * (byte % 4u))) & 0xffu) == 0u;
		let kept = zero == (shape.keep_zero == 1u);
		if (allowed_excludes) { excluded = excluded || !kept; }
		else { score = select(shape.allowed_fill, score, kept); }
	}
	if (causal) {
		if (causal_excludes) { excluded = excluded || j > own; }
		else { score = select(score, shape.causal_fill, j > own); }
	}
	if (windowed) { excluded = excluded || j + shape.window <= own; }
	if (routed) {
		let route = routes[(batch * shape.heads + head) * shape.chunks + j / shape.chunk];
		excluded = excluded || (j / shape.chunk != own / shape.chunk && route != 0u);
	}
	return select(bitcast<u32>(score), select(EXCLUDED, 0u, plain), excluded);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let row = group.y * 32u + local.y * 4u;
	let column = group.x * 32u + local.x;
	let batch = (shape.first_head + group.z) / shape.heads;
	let head = (shape.first_head + group.z) % shape.heads;
	let t = shape.first_row + row;
	let r = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(shape.rows - 1u));
	let c = min(column + vec4u(0u, 8u, 16u, 24u), vec4u(shape.keys - 1u));

	var sum = mat4x4f();
	var channels = shape.channels;
	if (causal && causal_excludes && group.x * 32u > t + 3u + shape.query_offset) { channels = 0u; }
	var x = shape.q_offset + batch * shape.q_strides.x + head * shape.q_strides.y
		+ (shape.first_row + r) * shape.q_strides.z;
	var y = ((batch * shape.heads + head) / shape.group) * shape.channels * shape.keys + c;
	for (var i = 0u; i < channels; i++) {
		let key = vec4f(k[y.x], k[y.y], k[y.z], k[y.w]);
		sum[0] += q[x.x] * key;
		sum[1] += q[x.y] * key;
		sum[2] += q[x.z] * key;
		sum[3] += q[x.w] * key;
		x += shape.q_strides.w;
		y += shape.keys;
	}
	for (var i = 0u; i < 4u; i++) {
		if (row + i >= shape.rows) { return; }
		let out = (group.z * shape.rows + row + i) * shape.keys;
		for (var n = 0u; n < 4u; n++) {
			let j = column + n * 8u;
			if (j < shape.keys) { scores[out + j] = masked(sum[i][n], batch, head, t + i, j); }
		}
	}
}
