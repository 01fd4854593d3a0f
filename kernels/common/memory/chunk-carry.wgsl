// The memory from one chunk to the next: u = U − W S, then S ← e^G_end S + (e^(G_end − G) ⊙ K)ᵀ u. Symbols: README.md.
// One invocation owns four value columns of one head's state, so no barrier is needed.

const CHUNK = 16u;

struct Shape {
	k_strides: vec4u, // batch, head, token, channel
	k_offset: u32,
	heads: u32, k_group: u32, // H, and how many of them share a head
	tokens: u32, keys: u32, channels: u32, // T, K, V
	chunks: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> k: array<f32>; // strided [B, H / k_group, T, K]
@group(0) @binding(2) var<storage, read_write> solved: array<f32>; // as chunk-solve.wgsl leaves it; u takes the place of U
@group(0) @binding(3) var<storage, read_write> state: array<f32>; // [B, H, K, V]
@group(0) @binding(4) var<storage, read_write> starts: array<f32>; // [B, H, chunks, K, V]: the state that a chunk starts with

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x * 4u >= shape.channels) { return; }
	// Columns past the end do the last one's work again and write the same
	let columns = min(id.x * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(shape.channels - 1u));
	let batch = id.y / shape.heads;
	let head = id.y % shape.heads;
	let width = shape.channels + shape.keys + 1u;
	let keys = shape.k_offset + batch * shape.k_strides.x + head / shape.k_group * shape.k_strides.y;
	let own = id.y * shape.keys * shape.channels + columns;

	for (var chunk = 0u; chunk < shape.chunks; chunk++) {
		let row = (id.y * shape.chunks + chunk) * CHUNK * width;
		let start = (id.y * shape.chunks + chunk) * shape.keys * shape.channels + columns;
		var u = array<vec4f, CHUNK>(); // said, since SwiftShader clears what is only declared once, not every time round
		for (var i = 0u; i < shape.keys; i++) {
			let step = i * shape.channels;
			let s = vec4f(state[own.x + step], state[own.y + step], state[own.z + step], state[own.w + step]);
			starts[start.x + step] = s.x;
			starts[start.y + step] = s.y;
			starts[start.z + step] = s.z;
			starts[start.w + step] = s.w;
			let w = row + shape.channels + i;
			u[0] -= solved[w + 0u * width] * s;
			u[1] -= solved[w + 1u * width] * s;
			u[2] -= solved[w + 2u * width] * s;
			u[3] -= solved[w + 3u * width] * s;
			u[4] -= solved[w + 4u * width] * s;
			u[5] -= solved[w + 5u * width] * s;
			u[6] -= solved[w + 6u * width] * s;
			u[7] -= solved[w + 7u * width] * s;
			u[8] -= solved[w + 8u * width] * s;
			u[9] -= solved[w + 9u * width] * s;
			u[10] -= solved[w + 10u * width] * s;
			u[11] -= solved[w + 11u * width] * s;
			u[12] -= solved[w + 12u * width] * s;
			u[13] -= solved[w + 13u * width] * s;
			u[14] -= solved[w + 14u * width] * s;
			u[15] -= solved[w + 15u * width] * s;
		}
		let last = min(CHUNK, shape.tokens - chunk * CHUNK) - 1u;
		let fade = row + shape.channels + shape.keys;
		let end = solved[fade + last * width];
		for (var t = 0u; t < CHUNK; t++) {
			let at = row + t * width + columns;
			let now = u[t] + vec4f(solved[at.x], solved[at.y], solved[at.z], solved[at.w]);
			solved[at.x] = now.x;
			solved[at.y] = now.y;
			solved[at.z] = now.z;
			solved[at.w] = now.w;
			u[t] = select(vec4f(), now * exp(end - solved[fade + t * width]), t <= last);
		}
		let token = keys + chunk * CHUNK * shape.k_strides.z;
		let ends = vec4u(last);
		let near = token + min(vec4u(0u, 1u, 2u, 3u), ends) * shape.k_strides.z;
		let next = token + min(vec4u(4u, 5u, 6u, 7u), ends) * shape.k_strides.z;
		let later = token + min(vec4u(8u, 9u, 10u, 11u), ends) * shape.k_strides.z;
		let far = token + min(vec4u(12u, 13u, 14u, 15u), ends) * shape.k_strides.z;
		let held = exp(end);
		for (var i = 0u; i < shape.keys; i++) {
			let step = i * shape.channels;
			let c = i * shape.k_strides.w;
			var s = held * vec4f(state[own.x + step], state[own.y + step], state[own.z + step], state[own.w + step]);
			s += k[near.x + c] * u[0];
			s += k[near.y + c] * u[1];
			s += k[near.z + c] * u[2];
			s += k[near.w + c] * u[3];
			s += k[next.x + c] * u[4];
			s += k[next.y + c] * u[5];
			s += k[next.z + c] * u[6];
			s += k[next.w + c] * u[7];
			s += k[later.x + c] * u[8];
			s += k[later.y + c] * u[9];
			s += k[later.z + c] * u[10];
			s += k[later.w + c] * u[11];
			s += k[far.x + c] * u[12];
			s += k[far.y + c] * u[13];
			s += k[far.z + c] * u[14];
			s += k[far.w + c] * u[15];
			state[own.x + step] = s.x;
			state[own.y + step] = s.y;
			state[own.z + step] = s.z;
			state[own.w + step] = s.w;
		}
	}
}
