// Multiplies the scale of each row of a block with the gain of its token. One invocation a row.

override normalised = false; // rows have a scale already, else the gain is it

struct Shape { rows: u32, tokens: u32, heads: u32, first_row: u32, first_head: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> gains: array<f32>; // [B, T]
@group(0) @binding(2) var<storage, read_write> scales: array<f32>; // [heads in block, rows]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.rows) { return; }
	let sequence = (shape.first_head + id.y) / shape.heads * shape.tokens;
	let at = id.y * shape.rows + id.x;
	var gain = gains[sequence + shape.first_row + id.x];
	if (normalised) { gain *= scales[at]; }
	scales[at] = gain;
}
