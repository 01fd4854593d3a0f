// Pools a block of M into cells: sum, largest, smallest. A cell may span several blocks, which run in
// order: the block that holds a cell's first row starts it, later ones add to it.
// One invocation a cell of a head that the block touches; cells never meet, so no barrier.

struct Shape {
	rows: u32, columns: u32, // the block, [rows, columns], columns as in M
	first_row: u32, // row of the rectangle that the block starts at
	first_column: u32, // column of M that the rectangle starts at
	rectangle_columns: u32,
	cell_rows: u32, cell_columns: u32, // size of a cell
	first_cell: u32, cells_down: u32, // rows of cells that the block touches
	cells_across: u32, cells_down_all: u32, // of the whole rectangle
	head: u32, at: u32, // first head pooled: in the block, and in `cells`
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [heads in block, rows, columns]
@group(0) @binding(2) var<storage, read> scales: array<f32>; // [heads in block, rows], M = scale · weight
@group(0) @binding(3) var<storage, read_write> cells: array<f32>; // [heads, cells down, cells across, 3]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.cells_across || id.y >= shape.cells_down) { return; }
	let down = shape.first_cell + id.y;
	let out = (((shape.at + id.z) * shape.cells_down_all + down) * shape.cells_across + id.x) * 3u;
	let first = (shape.head + id.z) * shape.rows;
	let top = down * shape.cell_rows;
	let from_row = max(top, shape.first_row) - shape.first_row;
	let to_row = min(top + shape.cell_rows - shape.first_row, shape.rows);
	let left = id.x * shape.cell_columns;
	let from_column = shape.first_column + left;
	let to_column = shape.first_column + min(left + shape.cell_columns, shape.rectangle_columns);

	let start = weights[(first + from_row) * shape.columns + from_column] * scales[first + from_row];
	var sum = 0.0;
	var largest = start;
	var smallest = start;
	if (top < shape.first_row) {
		sum = cells[out];
		largest = cells[out + 1u];
		smallest = cells[out + 2u];
	}
	for (var t = from_row; t < to_row; t++) {
		let scale = scales[first + t];
		var line = 0.0; // a row by itself: a large cell's one long sum would lose digits
		for (var j = from_column; j < to_column; j++) {
			let value = weights[(first + t) * shape.columns + j] * scale;
			line += value;
			largest = max(largest, value);
			smallest = min(smallest, value);
		}
		sum += line;
	}
	cells[out] = sum;
	cells[out + 1u] = largest;
	cells[out + 2u] = smallest;
}
