// φ(Q̃)·φ(K̃) of a block of queries with all bundled keys, the query's own grid row first.
// A workgroup owns 32 queries × 32 columns, an invocation 4 × 4 of them in registers. Neighbours read
// neighbouring keys, so the cache does what workgroup memory would, and no barrier is needed.

override shared_denominator = false;

struct Shape {
	rows: u32, first_row: u32, first_head: u32, // the block; (batch, head) batch-major
	grid_rows: u32, grid_columns: u32, // M and N
	heads: u32, tokens: u32, features: u32, // H, T, F
	own_row: u32, // of all batches, where the denominator is shared
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<f32>; // φ(Q̃), [B, N, H, T, F]
@group(0) @binding(2) var<storage, read> keys: array<f32>; // φ(K̃), [B, M, H, F, T]
@group(0) @binding(3) var<storage, read_write> weights: array<f32>; // [heads in block, rows, M·T]

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let columns = shape.grid_rows * shape.tokens;
	let row = group.y * 32u + local.y * 4u;
	let column = group.x * 32u + local.x;
	let head = (shape.first_head + group.z) % shape.heads;
	let batch = (shape.first_head + group.z) / shape.heads;
	let n = batch % shape.grid_columns;
	let cells = select(shape.grid_rows * shape.grid_columns, shape.grid_columns, shared_denominator);
	let grid = batch / cells;
	let own = select((batch / shape.grid_columns) % shape.grid_rows, shape.own_row, shared_denominator);
	let r = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(shape.rows - 1u));
	let c = min(column + vec4u(0u, 8u, 16u, 24u), vec4u(columns - 1u));
	let from_row = (vec4u(own) + c / shape.tokens) % shape.grid_rows;

	var x = (((grid * shape.grid_columns + n) * shape.heads + head) * shape.tokens
		+ shape.first_row + r) * shape.features;
	var y = ((grid * shape.grid_rows + from_row) * shape.heads + head) * shape.features * shape.tokens
		+ c % shape.tokens;
	var sum = mat4x4f();
	for (var i = 0u; i < shape.features; i++) {
		let key = vec4f(keys[y.x], keys[y.y], keys[y.z], keys[y.w]);
		sum[0] += queries[x.x] * key;
		sum[1] += queries[x.y] * key;
		sum[2] += queries[x.z] * key;
		sum[3] += queries[x.w] * key;
		x += vec4u(1u);
		y += vec4u(shape.tokens);
	}
	for (var i = 0u; i < 4u; i++) {
		if (row + i >= shape.rows) { return; }
		let out = (group.z * shape.rows + row + i) * columns;
		for (var k = 0u; k < 4u; k++) {
			let j = column + k * 8u;
			if (j < columns) { weights[out + j] = sum[i][k]; }
		}
	}
}
