// o += r · S₀: what the initial state still answers, read by the adjoint vectors that the walk left.
// One invocation an answer; no barrier.

struct Shape {
	rows: u32, first_row: u32, first_head: u32, // the block
	tokens: u32, keys: u32, channels: u32, // T, K, V
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> adjoint: array<f32>; // [heads in block, K, rows]
@group(0) @binding(2) var<storage, read> initial: array<f32>; // [B, H, K, V]
@group(0) @binding(3) var<storage, read_write> o: array<f32>; // [B, H, T, V]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.channels || id.y >= shape.rows) { return; }
	let head = shape.first_head + id.z;
	var sum = 0.0;
	for (var i = 0u; i < shape.keys; i++) {
		sum += adjoint[(id.z * shape.keys + i) * shape.rows + id.y]
			* initial[(head * shape.keys + i) * shape.channels + id.x];
	}
	o[(head * shape.tokens + shape.first_row + id.y) * shape.channels + id.x] += sum;
}
