// One random input through the layer, D = Cᵀ, in whole numbers: all values times n. Maths: README.md.
// One workgroup an input; its invocations stride over features, then neurons, then outputs, with a barrier
// between the three, since each reads what the others of its workgroup wrote.

const LANES = 64u;

struct Shape {
	features: u32, outputs: u32, neurons: u32, // m, m', n
	channel: u32, on_count: u32, // c, v
	words: u32, // of 32 signs, a feature
	planes: u32, // binary digits of v
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> signs: array<u32>; // [features, words], bit i of C's column
@group(0) @binding(2) var<storage, read> starts: array<u32>; // [neurons + 1]: where a row of R begins in …
@group(0) @binding(3) var<storage, read> wired: array<u32>; // … its features
@group(0) @binding(4) var<storage, read> pairs: array<u32>; // [outputs, 2]
@group(0) @binding(5) var<storage, read> channels: array<u32>; // [outputs, channel]
// [inputs, on_count + planes · words]: features that are on, and how many of them have bit i, digit by digit
@group(0) @binding(6) var<storage, read> inputs: array<u32>;
@group(0) @binding(7) var<storage, read_write> scratch: array<i32>; // [inputs, features + neurons]; 2 · value + on, then h
@group(0) @binding(8) var<storage, read_write> found: array<f32>; // [inputs, 3]

var<workgroup> wrong: array<atomic<u32>, 2>;
var<workgroup> squares: array<f32, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let first = group.x * (shape.on_count + shape.planes * shape.words);
	let planes = first + shape.on_count;
	let on_count = i32(shape.on_count);
	let decompressed = group.x * (shape.features + shape.neurons);
	let hidden = decompressed + shape.features;
	let n = i32(shape.neurons);

	for (var f = lane; f < shape.features; f += LANES) {
		var differing = 0i;
		for (var w = 0u; w < shape.words; w++) {
			let own = signs[f * shape.words + w];
			differing += on_count * i32(countOneBits(own));
			for (var k = 0u; k < shape.planes; k++) {
				let plane = inputs[planes + k * shape.words + w];
				let bits = i32(countOneBits(plane)) - 2i * i32(countOneBits(own & plane));
				differing += bits << k;
			}
		}
		var on = 0i;
		for (var a = 0u; a < shape.on_count; a++) { on |= i32(inputs[first + a] == f); }
		scratch[decompressed + f] = 2i * (n * on_count - 2i * differing) + on;
	}
	storageBarrier();

	var noise = 0.0;
	for (var i = lane; i < shape.neurons; i += LANES) {
		var sum = 0i;
		var exact = 0i;
		for (var at = starts[i]; at < starts[i + 1u]; at++) {
			let value = scratch[decompressed + wired[at]];
			sum += value >> 1u;
			exact += n * (value & 1i);
		}
		scratch[hidden + i] = max(0i, sum - n);
		let off = f32(sum - exact) / f32(n);
		noise += off * off;
	}
	squares[lane] = noise;
	storageBarrier();
	workgroupBarrier();

	for (var p = lane; p < shape.outputs; p += LANES) {
		var sum = 0i;
		for (var i = 0u; i < shape.channel; i++) {
			sum += scratch[hidden + channels[p * shape.channel + i]];
		}
		let on = 2i * sum > n * i32(shape.channel);
		let pair = scratch[decompressed + pairs[p * 2u]] & scratch[decompressed + pairs[p * 2u + 1u]];
		let expected = (pair & 1i) == 1i;
		if (on && !expected) { atomicAdd(&wrong[0], 1u); }
		if (!on && expected) { atomicAdd(&wrong[1], 1u); }
	}
	workgroupBarrier();
	if (lane > 0u) { return; }
	for (var i = 1u; i < LANES; i++) { noise += squares[i]; }
	let out = group.x * 3u;
	found[out] = f32(atomicLoad(&wrong[0]));
	found[out + 1u] = f32(atomicLoad(&wrong[1]));
	found[out + 2u] = noise;
}
