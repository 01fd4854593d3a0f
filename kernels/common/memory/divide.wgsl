// Divides the answers by the normaliser in their last column.
// One invocation an answer; no barrier.

struct Shape { rows: u32, channels: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> answers: array<f32>; // [rows, channels + 1]
@group(0) @binding(2) var<storage, read_write> o: array<f32>; // [rows, channels]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let row = id.y + id.z * 65535u * 8u;
	if (id.x >= shape.channels || row >= shape.rows) { return; }
	let from_row = row * (shape.channels + 1u);
	o[row * shape.channels + id.x] = answers[from_row + id.x] / (answers[from_row + shape.channels] + shape.epsilon);
}
