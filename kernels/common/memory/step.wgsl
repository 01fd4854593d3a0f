// The memory one token after another: S* = a ⊙ S; u = w v − e S*ᵀ k; S = S* + k uᵀ; o = Sᵀ q.
// One invocation owns one value column of one head's state, so no barrier is needed. The state stays in
// its buffer between dispatches: a long sequence is a chain of them.

override erases = false; // e = β, else 0
override decays = false;
override channel_decay = false; // one decay a channel, else one a head
override log_decay = false;
override weighted = false; // w = β, else 1
override reads = true; // answers are wanted
override writes = true; // else the state stays as it is
override tells_writes = false; // what each token wrote, u, in place of answers
override normalised = false; // a column of ones follows the values: its answers are the normaliser
override routed = false; // at a chunk's end with route 0 its writes are rolled back
override keeps_decay = false; // of chunks rolled back

struct Shape {
	q_strides: vec4u, k_strides: vec4u, v_strides: vec4u, // batch, head, token, channel
	decay_strides: vec4u, beta_strides: vec4u,
	q_offset: u32, k_offset: u32, v_offset: u32, decay_offset: u32, beta_offset: u32,
	heads: u32, q_group: u32, k_group: u32, v_group: u32, // H, and how many of them share a head
	tokens: u32, channels: u32, columns: u32, // T, K, and V or, where normalised, V + 1
	from_token: u32, to_token: u32,
	chunk: u32, chunks: u32,
	half: u32, // where the states at the start of the open chunk lie, in elements
	scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>; // strided [B, H / q_group, T, K]
@group(0) @binding(2) var<storage, read> k: array<f32>; // strided [B, H / k_group, T, K]
@group(0) @binding(3) var<storage, read> v: array<f32>; // strided [B, H / v_group, T, V]
@group(0) @binding(4) var<storage, read> decay: array<f32>; // strided [B, H / v_group, T, K]
@group(0) @binding(5) var<storage, read> beta: array<f32>; // strided [B, H / v_group, T, 1]
@group(0) @binding(6) var<storage, read> routes: array<u32>; // [B, H, chunks]
@group(0) @binding(7) var<storage, read_write> state: array<f32>; // [2, B, H, K, columns]; one where not routed
@group(0) @binding(8) var<storage, read_write> o: array<f32>; // [B, H, T, columns]

fn factor(at: u32) -> f32 {
	if (log_decay) { return exp(decay[at]); }
	return decay[at];
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let column = id.x;
	if (column >= shape.columns) { return; }
	let batch = id.y / shape.heads;
	let head = id.y % shape.heads;
	let queries = shape.q_offset + batch * shape.q_strides.x + head / shape.q_group * shape.q_strides.y;
	let keys = shape.k_offset + batch * shape.k_strides.x + head / shape.k_group * shape.k_strides.y;
	let value_head = head / shape.v_group;
	let ones = normalised && column + 1u == shape.columns;
	let values = shape.v_offset + batch * shape.v_strides.x + value_head * shape.v_strides.y
		+ column * shape.v_strides.w;
	let decays_from = shape.decay_offset + batch * shape.decay_strides.x + value_head * shape.decay_strides.y;
	let betas = shape.beta_offset + batch * shape.beta_strides.x + value_head * shape.beta_strides.y;
	let own = id.y * shape.channels * shape.columns + column;
	let step = shape.columns;

	for (var t = shape.from_token; t < shape.to_token; t++) {
		let key = keys + t * shape.k_strides.z;
		if (writes) {
			let fades = decays_from + t * shape.decay_strides.z;
			var a = 1.0;
			if (decays && !channel_decay) { a = factor(fades); }
			let route = routed && routes[id.y * shape.chunks + t / shape.chunk] == 0u;
			var recalled = 0.0;
			if (decays || erases) {
				for (var i = 0u; i < shape.channels; i++) {
					if (channel_decay) { a = factor(fades + i * shape.decay_strides.w); }
					let kept = state[own + i * step] * a;
					if (decays) { state[own + i * step] = kept; }
					if (routed && (keeps_decay || !route)) { state[shape.half + own + i * step] *= a; }
					recalled += k[key + i * shape.k_strides.w] * kept;
				}
			}
			var value = 1.0;
			if (!ones) { value = v[values + t * shape.v_strides.z]; }
			var correction = value - select(0.0, recalled, erases);
			if (weighted) { correction *= beta[betas + t * shape.beta_strides.z]; }
			var answer = 0.0;
			for (var i = 0u; i < shape.channels; i++) {
				let now = state[own + i * step] + k[key + i * shape.k_strides.w] * correction;
				state[own + i * step] = now;
				if (reads) { answer += q[queries + t * shape.q_strides.z + i * shape.q_strides.w] * now; }
			}
			if (reads) { o[(id.y * shape.tokens + t) * step + column] = answer * shape.scale; }
			if (tells_writes) { o[(id.y * shape.tokens + t) * step + column] = correction; }
			if (routed && (t + 1u) % shape.chunk == 0u) {
				for (var i = 0u; i < shape.channels; i++) {
					let open = own + i * step;
					let committed = shape.half + open;
					if (route) { state[open] = state[committed]; }
					else { state[committed] = state[open]; }
				}
			}
		} else {
			var answer = 0.0;
			for (var i = 0u; i < shape.channels; i++) {
				answer += q[queries + t * shape.q_strides.z + i * shape.q_strides.w] * state[own + i * step];
			}
			o[(id.y * shape.tokens + t) * step + column] = answer * shape.scale;
		}
	}
}
