// What each read-out hears of every feature: M = G Φ, a row at a time and never held.
// One workgroup four rows; 64 invocations stride over the features, and after one barrier four of them add up.

const LANES = 64u;

struct Shape { features: u32, dimensions: u32 } // F, d

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> read_out: array<f32>; // G, [F, d]
@group(0) @binding(2) var<storage, read> code: array<f32>; // Φ, [d, F]
@group(0) @binding(3) var<storage, read> sizes: array<f32>; // [F]: what an entry's size is multiplied by
@group(0) @binding(4) var<storage, read_write> rows: array<f32>; // [F, 4]: own, Σ of squares, largest, where

var<workgroup> energies: array<vec4f, LANES>;
var<workgroup> peaks: array<vec4f, LANES>;
var<workgroup> places: array<vec4u, LANES>;
var<workgroup> owns: vec4f;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
	let lane = local.x;
	let first = group.x * 4u;
	let row = first + vec4u(0u, 1u, 2u, 3u);
	let g = min(row, vec4u(shape.features - 1u)) * shape.dimensions;
	var energy = vec4f();
	var peak = vec4f(-1.0);
	var place = vec4u();
	for (var j = lane; j < shape.features; j += LANES) {
		var sum = vec4f();
		for (var a = 0u; a < shape.dimensions; a++) {
			let value = code[a * shape.features + j];
			sum += value * vec4f(read_out[g.x + a], read_out[g.y + a], read_out[g.z + a], read_out[g.w + a]);
		}
		let itself = row == vec4u(j);
		if (any(itself)) { owns[j - first] = sum[j - first]; }
		let heard = select(sum, vec4f(), itself);
		energy += heard * heard;
		let size = select(abs(sum) * sizes[j], vec4f(-1.0), itself);
		place = select(place, vec4u(j), size > peak);
		peak = max(peak, size);
	}
	energies[lane] = energy;
	peaks[lane] = peak;
	places[lane] = place;
	workgroupBarrier();
	if (lane > 3u || row[lane] >= shape.features) { return; }
	var total = 0.0;
	var largest = -1.0;
	var at = 0u;
	for (var i = 0u; i < LANES; i++) {
		total += energies[i][lane];
		let size = peaks[i][lane];
		if (size > largest || (size == largest && places[i][lane] < at)) {
			largest = size;
			at = places[i][lane];
		}
	}
	let out = row[lane] * 4u;
	rows[out] = owns[lane];
	rows[out + 1u] = total;
	rows[out + 2u] = max(largest, 0.0);
	rows[out + 3u] = f32(at);
}
