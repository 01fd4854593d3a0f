// Answers of a chunk: O = scale (e^G ⊙ Q) S + scale tril(Q Kᵀ ⊙ e^(G_t − G_j)) u. Symbols: README.md.
// One workgroup a chunk of one head and 32 value columns. Its 32 invocations share the products of queries and keys; after
// one barrier each owns 4 tokens × 4 columns.

const CHUNK = 16u;
const LANES = 32u;

struct Shape {
	q_strides: vec4u, k_strides: vec4u, // batch, head, token, channel
	q_offset: u32, k_offset: u32,
	heads: u32, q_group: u32, k_group: u32, // H, and how many of them share a head
	tokens: u32, keys: u32, channels: u32, // T, K, V
	chunks: u32,
	scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H / q_group, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B, H / k_group, T, K]
@group(0) @binding(3) var<storage, read> solved: array<f32>; // as chunk-carry.wgsl leaves it
@group(0) @binding(4) var<storage, read> starts: array<f32>; // [B, H, chunks, K, V]
@group(0) @binding(5) var<storage, read_write> o: array<f32>; // [B, H, T, V]

var<workgroup> products: array<f32, 256>; // [16, 16]

@compute @workgroup_size(8, 4)
fn main(
	@builtin(workgroup_id) group: vec3u,
	@builtin(local_invocation_id) local: vec3u,
	@builtin(local_invocation_index) lane: u32,
) {
	let batch = group.z / shape.heads;
	let head = group.z % shape.heads;
	let first = group.y * CHUNK;
	let last = min(CHUNK, shape.tokens - first) - 1u;
	let queries = shape.q_offset + batch * shape.q_strides.x + head / shape.q_group * shape.q_strides.y
		+ first * shape.q_strides.z;
	let keys = shape.k_offset + batch * shape.k_strides.x + head / shape.k_group * shape.k_strides.y
		+ first * shape.k_strides.z;
	let width = shape.channels + shape.keys + 1u;
	let row = (group.z * shape.chunks + group.y) * CHUNK * width;
	let fade = row + shape.channels + shape.keys;
	for (var cell = lane; cell < CHUNK * CHUNK; cell += LANES) {
		let t = cell / CHUNK;
		let j = cell % CHUNK;
		var product = 0.0;
		if (j <= t && t <= last) {
			for (var i = 0u; i < shape.keys; i++) {
				product += q[queries + t * shape.q_strides.z + i * shape.q_strides.w]
					* k[keys + j * shape.k_strides.z + i * shape.k_strides.w];
			}
			product *= exp(solved[fade + t * width] - solved[fade + j * width]);
		}
		products[cell] = product;
	}
	workgroupBarrier();

	let tokens = local.y * 4u + vec4u(0u, 1u, 2u, 3u);
	let columns = group.x * 32u + local.x + vec4u(0u, 8u, 16u, 24u);
	let d = min(columns, vec4u(shape.channels - 1u));
	var x = queries + min(tokens, vec4u(last)) * shape.q_strides.z;
	var y = (group.z * shape.chunks + group.y) * shape.keys * shape.channels + d;
	var sums = mat4x4f();
	for (var i = 0u; i < shape.keys; i++) {
		let s = vec4f(starts[y.x], starts[y.y], starts[y.z], starts[y.w]);
		sums[0] += q[x.x] * s;
		sums[1] += q[x.y] * s;
		sums[2] += q[x.z] * s;
		sums[3] += q[x.w] * s;
		x += vec4u(shape.q_strides.w);
		y += vec4u(shape.channels);
	}
	let faded = fade + min(tokens, vec4u(last)) * width;
	sums[0] *= exp(solved[faded.x]);
	sums[1] *= exp(solved[faded.y]);
	sums[2] *= exp(solved[faded.z]);
	sums[3] *= exp(solved[faded.w]);
	var at = tokens * CHUNK;
	var z = row + d;
	for (var j = 0u; j <= min(tokens.w, last); j++) {
		let u = vec4f(solved[z.x], solved[z.y], solved[z.z], solved[z.w]);
		sums[0] += products[at.x] * u;
		sums[1] += products[at.y] * u;
		sums[2] += products[at.z] * u;
		sums[3] += products[at.w] * u;
		at += vec4u(1u);
		z += vec4u(width);
	}
	for (var i = 0u; i < 4u; i++) {
		if (tokens[i] > last) { return; }
		let out = (group.z * shape.tokens + first + tokens[i]) * shape.channels;
		for (var n = 0u; n < 4u; n++) {
			if (columns[n] < shape.channels) { o[out + columns[n]] = sums[i][n] * shape.scale; }
		}
	}
}
