// Scores of a block of queries with every key, masked. Maths and symbols: README.md.
// One invocation owns 4 queries × 4 keys in registers and reads straight from storage, so no barrier.
// What may not be seen is written as the bits of −∞: compilers may assume that no float is infinite.

const EXCLUDED = 0xff800000u;
const CAUSAL = 1u;
const HAS_ADDITIVE = 2u;
const HAS_ALLOWED = 4u;
const KEEP_ZERO = 8u; // a zero byte of `allowed` means seen
const CAUSAL_EXCLUDES = 16u;
const ALLOWED_EXCLUDES = 32u;
const CAPPED = 64u;

struct Shape {
	q_strides: vec4u, // batch, head, token, channel
	k_strides: vec4u,
	additive_strides: vec4u, // batch, head, query, key
	allowed_strides: vec4u,
	q_offset: u32, k_offset: u32, additive_offset: u32, allowed_offset: u32, // elements; bytes for allowed
	rows: u32, first_row: u32, first_head: u32, // the block; heads batch-major
	keys: u32, channels: u32, // S and K
	heads: u32, group: u32, // query heads, and how many of them share a key head
	query_offset: u32, // key index of the token of query 0
	window: u32, // keys that a query sees, itself included; 0 for all
	flags: u32,
	scale: f32, cap: f32, causal_fill: f32, allowed_fill: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B, H / group, S, K]
@group(0) @binding(3) var<storage, read> additive: array<u32>; // strided [B, H, T, S], float32 bits
@group(0) @binding(4) var<storage, read> allowed: array<u32>; // strided [B, H, T, S], bytes
@group(0) @binding(5) var<storage, read> slopes: array<f32>; // [H], 0 for none
@group(0) @binding(6) var<storage, read_write> scores: array<u32>; // [heads in block, rows, S], bits

fn has(flag: u32) -> bool { return (shape.flags & flag) != 0u; }

fn masked(raw: f32, batch: u32, head: u32, t: u32, j: u32) -> u32 {
	let own = t + shape.query_offset;
	var score = raw * shape.scale;
	if (has(CAPPED)) { score = shape.cap * tanh(score / shape.cap); }
	score += slopes[head] * (f32(j) - f32(own));
	if (has(HAS_ADDITIVE)) {
		let at = vec4u(batch, head, t, j) * shape.additive_strides;
		let bits = additive[shape.additive_offset + at.x + at.y + at.z + at.w];
		if (bits == EXCLUDED) { return EXCLUDED; }
		score += bitcast<f32>(bits);
	}
	if (has(HAS_ALLOWED)) {
		let at = vec4u(batch, head, t, j) * shape.allowed_strides;
		let byte = shape.allowed_offset + at.x + at.y + at.z + at.w;
		let marked = ((allowed[byte / 4u] >> (8u * (byte % 4u))) & 0xffu) != 0u;
		if (marked == has(KEEP_ZERO)) {
			if (has(ALLOWED_EXCLUDES)) { return EXCLUDED; }
			score = shape.allowed_fill;
		}
	}
	if (has(CAUSAL) && j > own) {
		if (has(CAUSAL_EXCLUDES)) { return EXCLUDED; }
		score = shape.causal_fill;
	}
	if (shape.window > 0u && j + shape.window <= own) { return EXCLUDED; }
	return bitcast<u32>(score);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let row = id.y * 4u;
	let column = id.x * 4u;
	if (row >= shape.rows || column >= shape.keys) { return; }
	let batch = (shape.first_head + id.z) / shape.heads;
	let head = (shape.first_head + id.z) % shape.heads;
	let t = shape.first_row + row;
	let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(shape.rows - 1u));
	let c = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(shape.keys - 1u));

	var sum = mat4x4f();
	let beyond = has(CAUSAL) && column > t + 3u + shape.query_offset;
	if (!beyond || !has(CAUSAL_EXCLUDES)) {
		let queries = shape.q_offset + batch * shape.q_strides.x + head * shape.q_strides.y
			+ (shape.first_row + r) * shape.q_strides.z;
		let keys = shape.k_offset + batch * shape.k_strides.x
			+ (head / shape.group) * shape.k_strides.y + c * shape.k_strides.z;
		for (var i = 0u; i < shape.channels; i++) {
			let x = queries + i * shape.q_strides.w;
			let y = keys + i * shape.k_strides.w;
			let key = vec4f(k[y.x], k[y.y], k[y.z], k[y.w]);
			sum[0] += q[x.x] * key;
			sum[1] += q[x.y] * key;
			sum[2] += q[x.z] * key;
			sum[3] += q[x.w] * key;
		}
	}
	for (var i = 0u; i < min(4u, shape.rows - row); i++) {
		let out = (id.z * shape.rows + row + i) * shape.keys + column;
		for (var j = 0u; j < min(4u, shape.keys - column); j++) {
			scores[out + j] = masked(sum[i][j], batch, head, t + i, column + j);
		}
	}
}
