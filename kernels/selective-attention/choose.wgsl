// Which tokens attend, and their gain. One invocation a token, which ranks itself against its sequence.

const ALL = 0u;
const TOP = 1u;

override choice = 0u; // 0 all, 1 top, 2 threshold

struct Shape {
	strides: vec4u, // batch, –, token, –
	offset: u32,
	batches: u32, tokens: u32, // B, T
	count: u32,
	above: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> selector: array<f32>; // strided [B, 1, T, 1]
@group(0) @binding(2) var<storage, read_write> gains: array<f32>; // [B, T], 0 where not chosen
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>; // [B, T]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x >= shape.tokens) { return; }
	let sequence = shape.offset + id.y * shape.strides.x;
	let f = selector[sequence + id.x * shape.strides.z];
	var takes_part = f > shape.above;
	if (choice == ALL) { takes_part = true; }
	if (choice == TOP) {
		var before = 0u;
		for (var t = 0u; t < shape.tokens; t++) {
			let other = selector[sequence + t * shape.strides.z];
			before += select(0u, 1u, other > f || (other == f && t < id.x));
		}
		takes_part = before < shape.count;
	}
	gains[id.y * shape.tokens + id.x] = select(0.0, f, takes_part);
	chosen[id.y * shape.tokens + id.x] = select(0u, 1u, takes_part);
}
