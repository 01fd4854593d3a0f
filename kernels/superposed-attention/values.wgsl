// What the columns of the effective matrix stand for: the bundled values, the own grid row first, unbound
// with the cell's key unless the output stays superposed.
// One invocation an element; no barrier.

override shared_denominator = false;

struct Shape {
	grid_rows: u32, grid_columns: u32, // M and N
	heads: u32, tokens: u32, channels: u32, // H, T, K
	own_row: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> bundles: array<f32>; // Ṽ, [B, M, H, T, K]
@group(0) @binding(2) var<storage, read> keys: array<f32>; // [M, N, K] of ±1
@group(0) @binding(3) var<storage, read_write> values: array<f32>; // [batches, H, M·T, K]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let length = shape.tokens * shape.channels;
	if (id.x >= shape.grid_rows * length) { return; }
	let head = id.y % shape.heads;
	let batch = id.y / shape.heads;
	let cells = select(shape.grid_rows * shape.grid_columns, shape.grid_columns, shared_denominator);
	let grid = batch / cells;
	let own = select((batch / shape.grid_columns) % shape.grid_rows, shape.own_row, shared_denominator);
	let m = (own + id.x / length) % shape.grid_rows;
	let bundle = ((grid * shape.grid_rows + m) * shape.heads + head) * length;
	var value = bundles[bundle + id.x % length];
	if (!shared_denominator) {
		value *= keys[(batch % cells) * shape.channels + id.x % shape.channels];
	}
	values[id.y * shape.grid_rows * length + id.x] = value;
}
