// Scores of a block of queries with every key. Follows tile.wgsl.
// A workgroup owns 64 queries × 64 keys, an invocation 8 × 8 of them; no barrier.

@group(0) @binding(7) var<storage, read_write> scores: array<u32>; // [heads in block, rows, S], bits

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let row = group.y * 64u + local.y * 8u;
	let column = group.x * 64u + local.x;
	let batch = (shape.first_head + group.z) / shape.heads;
	let head = (shape.first_head + group.z) % shape.heads;
	let t = shape.first_row + row;
	var sums: array<vec4f, 16>;
	let hidden = causal && causal_excludes && group.x * 64u > t + 7u + shape.query_offset;
	if (!hidden) { sums = products(row, column, batch, head); }
	for (var r = 0u; r < 8u; r++) {
		if (row + r >= shape.rows) { return; }
		let out = (group.z * shape.rows + row + r) * shape.keys;
		for (var n = 0u; n < 2u; n++) {
			let j = column + n * 32u + vec4u(0u, 8u, 16u, 24u);
			let bits = masked(sums[r * 2u + n], batch, head, t + r, j);
			if (j.x < shape.keys) { scores[out + j.x] = bits.x; }
			if (j.y < shape.keys) { scores[out + j.y] = bits.y; }
			if (j.z < shape.keys) { scores[out + j.z] = bits.z; }
			if (j.w < shape.keys) { scores[out + j.w] = bits.w; }
		}
	}
}
