// Σ over tokens of every feature of the bundled keys.
// One invocation a feature of one bundle and head; no barrier.

struct Shape { tokens: u32, rows: u32 } // T, B·M·H·F

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> keys: array<f32>; // φ(K̃), [B·M·H·F, T]
@group(0) @binding(2) var<storage, read_write> masses: array<f32>; // [B·M·H·F]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.rows) { return; }
	var sum = 0.0;
	for (var t = 0u; t < shape.tokens; t++) { sum += keys[id.x * shape.tokens + t]; }
	masses[id.x] = sum;
}
