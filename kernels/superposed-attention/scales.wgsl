// One over the denominator of each row of a block: den_mn, or its sum over m where it is shared.
// One invocation a row; no barrier.

override shared_denominator = false;

struct Shape {
	rows: u32, first_row: u32, first_head: u32, // the block; (batch, head) batch-major
	grid_rows: u32, grid_columns: u32, // M and N
	heads: u32, tokens: u32, features: u32, // H, T, F
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<f32>; // φ(Q̃), [B, N, H, T, F]
@group(0) @binding(2) var<storage, read> masses: array<f32>; // [B, M, H, F]
@group(0) @binding(3) var<storage, read_write> scales: array<f32>; // [heads in block, rows]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.rows) { return; }
	let head = (shape.first_head + id.y) % shape.heads;
	let batch = (shape.first_head + id.y) / shape.heads;
	let n = batch % shape.grid_columns;
	let cells = select(shape.grid_rows * shape.grid_columns, shape.grid_columns, shared_denominator);
	let grid = batch / cells;
	let own = (batch / shape.grid_columns) % shape.grid_rows;
	let query = (((grid * shape.grid_columns + n) * shape.heads + head) * shape.tokens
		+ shape.first_row + id.x) * shape.features;
	var sum = 0.0;
	for (var i = 0u; i < shape.grid_rows; i++) {
		if (!shared_denominator && i != own) { continue; }
		let mass = ((grid * shape.grid_rows + i) * shape.heads + head) * shape.features;
		for (var r = 0u; r < shape.features; r++) { sum += queries[query + r] * masses[mass + r]; }
	}
	scales[id.y * shape.rows + id.x] = 1.0 / sum;
}
