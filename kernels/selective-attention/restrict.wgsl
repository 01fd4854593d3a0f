// Hides from a block of scores what is not chosen or further than the window of chosen tokens, and for
// relu² turns what is left into weights. In place; one invocation an entry, no barrier.

const EXCLUDED = 0xff800000u;

override squared = false; // relu², else a softmax follows

struct Shape {
	rows: u32, tokens: u32, heads: u32,
	first_row: u32, first_head: u32, // the block; heads batch-major
	window: u32,
	bias: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> positions: array<u32>; // [B, T], 0 where not chosen
@group(0) @binding(2) var<storage, read_write> block: array<u32>; // [heads in block, rows, T], float32 bits

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens) { return; }
	let sequence = (shape.first_head + id.z) / shape.heads * shape.tokens;
	let own = positions[sequence + shape.first_row + id.y];
	let other = positions[sequence + id.x];
	let apart = max(own, other) - min(own, other);
	let at = (id.z * shape.rows + id.y) * shape.tokens + id.x;
	let bits = block[at];
	let hidden = bits == EXCLUDED || own == 0u || other == 0u || apart >= shape.window;
	if (squared) {
		let weight = max(bitcast<f32>(select(bits, 0u, hidden)) + shape.bias, 0.0);
		block[at] = select(bitcast<u32>(weight * weight), 0u, hidden);
	} else {
		block[at] = select(bits, EXCLUDED, hidden);
	}
}
