// Fills a buffer with NaN, so that an element which a shader forgets shows instead of passing.
// One invocation an element, over a grid as wide as the workgroup limit allows; no barrier.

struct Shape { length: u32, across: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read_write> target_words: array<u32>; // [length]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	let at = id.y * shape.across + id.x;
	if (at < shape.length) { target_words[at] = 0x7fc00000u; }
}
