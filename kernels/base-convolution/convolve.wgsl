// The gated convolution: its output, rows of its matrix, or what its bias adds to M·u.
// One invocation an output or an entry of the matrix; no barrier.

override rows = false; // write M instead of the output
override bias_only = false; // add gate · bias to what is there
override gated = false;
override biased = false;
override residual = false;
override oldest_first = false; // how the filter's taps stand

struct Shape {
	u_strides: vec4u, filter_strides: vec4u, bias_strides: vec4u, gate_strides: vec4u, // batch, channel, token, –
	u_offset: u32, filter_offset: u32, bias_offset: u32, gate_offset: u32,
	channels: u32, tokens: u32, taps: u32, // D, T, L
	first_head: u32, first_row: u32, block_rows: u32, // the block; heads are (batch, channel)
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> u: array<f32>; // strided [B, D, T]
@group(0) @binding(2) var<storage, read> filter_taps: array<f32>; // strided [B, D, L]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // strided [B, D]
@group(0) @binding(4) var<storage, read> gate: array<f32>; // strided [B, D, T]
@group(0) @binding(5) var<storage, read_write> o: array<f32>; // [B, D, T], or [heads in block, rows, T]

fn gate_at(batch: u32, channel: u32, t: u32) -> f32 {
	if (!gated) { return 1.0; }
	return gate[shape.gate_offset + batch * shape.gate_strides.x + channel * shape.gate_strides.y
		+ t * shape.gate_strides.z];
}

fn bias_at(batch: u32, channel: u32) -> f32 {
	if (!biased) { return 0.0; }
	return bias[shape.bias_offset + batch * shape.bias_strides.x + channel * shape.bias_strides.y];
}

fn tap(from_tap: u32, ago: u32) -> f32 {
	var i = ago;
	if (oldest_first) { i = shape.taps - 1u - ago; }
	return filter_taps[from_tap + i * shape.filter_strides.z];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens || id.y >= shape.block_rows) { return; }
	let head = shape.first_head + id.z;
	let batch = head / shape.channels;
	let channel = head % shape.channels;
	let taps = shape.filter_offset + batch * shape.filter_strides.x + channel * shape.filter_strides.y;
	if (rows) {
		let t = shape.first_row + id.y;
		var weight = 0.0;
		if (id.x <= t && t - id.x < shape.taps) {
			weight = gate_at(batch, channel, t) * tap(taps, t - id.x);
		}
		if (residual && id.x == t) { weight += 1.0; }
		o[(id.z * shape.block_rows + id.y) * shape.tokens + id.x] = weight;
		return;
	}
	let t = id.x;
	if (bias_only) {
		if (t >= shape.first_row && t < shape.first_row + shape.block_rows && id.y == 0u) {
			o[head * shape.tokens + t] += gate_at(batch, channel, t) * bias_at(batch, channel);
		}
		return;
	}
	let values = shape.u_offset + batch * shape.u_strides.x + channel * shape.u_strides.y;
	var sum = bias_at(batch, channel);
	for (var ago = 0u; ago < min(t + 1u, shape.taps); ago++) {
		sum += tap(taps, ago) * u[values + (t - ago) * shape.u_strides.z];
	}
	sum *= gate_at(batch, channel, t);
	if (residual) { sum += u[values + t * shape.u_strides.z]; }
	o[head * shape.tokens + t] = sum;
}
