// Position of each token among the chosen: how many up to it, itself included. One invocation a token.

struct Shape { tokens: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> chosen: array<u32>; // [B, T]
@group(0) @binding(2) var<storage, read_write> positions: array<u32>; // [B, T], 0 where not chosen

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens) { return; }
	let sequence = id.y * shape.tokens;
	var position = 0u;
	for (var t = 0u; t <= id.x; t++) { position += chosen[sequence + t]; }
	positions[sequence + id.x] = select(0u, position, chosen[sequence + id.x] == 1u);
}
