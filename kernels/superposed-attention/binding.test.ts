import { describe, expect, it } from 'vitest';
import { bind, bundle, keyGram, unbinding } from './binding.ts';
import { normals } from './cases.ts';

const size = { channels: 4, tokens: 50, width: 64 };

function draw(channels: number, tokens: number, width: number, seed = 5) {
	const normal = normals(seed);
	return {
		vectors: Float64Array.from({ length: channels * tokens * width }, normal),
		keys: Float64Array.from({ length: channels * width }, () => (normal() < 0 ? -1 : 1)),
	};
}

describe('binding', () => {
	it('undoes itself bit for bit', () => {
		const { vectors, keys } = draw(1, 50, 64);
		expect(bind(bind(vectors, keys), keys)).toEqual(vectors);
	});

	it('bundles as the sum of what each channel binds', () => {
		const { vectors, keys } = draw(2, 3, 4);
		const first = bind(vectors.subarray(0, 12), keys.subarray(0, 4));
		const second = bind(vectors.subarray(12), keys.subarray(4));
		const sum = bundle(vectors, keys, { channels: 2, tokens: 3, width: 4 });
		expect(sum).toEqual(first.map((x, at) => x + second[at]!));
	});

	it('has a Gram matrix of keys with 1 on the diagonal and ≈ 1/√K off it', () => {
		const { keys } = draw(16, 1, 256);
		const gram = keyGram(keys, { channels: 16, width: 256 });
		let noise = 0;
		for (let i = 0; i < 16; i++) {
			for (let j = 0; j < 16; j++) {
				if (i === j) expect(gram[i * 16 + j]).toBe(1);
				else noise += gram[i * 16 + j]! ** 2;
			}
		}
		// 120 independent entries: ±9 %
		expect(Math.abs(Math.sqrt(noise / 240) * 16 - 1)).toBeLessThan(0.15);
	});

	it.each([
		[4, -4.8, 0.5],
		[16, -11.8, 0.25],
	])('of %i channels leaves an SNR of %f dB and a cosine of %f', (channels, decibels, cosine) => {
		const { vectors, keys } = draw(channels, 50, 64);
		const found = unbinding(vectors, keys, { ...size, channels });
		for (let i = 0; i < channels; i++) {
			expect(Math.abs(found.snrDecibels[i]! - decibels)).toBeLessThan(0.4);
			expect(found.cosines[i * channels + i]).toBeCloseTo(cosine, 1);
		}
	});

	it('reads another channel with the wrong key as noise of ≈ 1/√K a token', () => {
		const spread = (width: number) => {
			const cosines: number[] = [];
			for (let seed = 0; seed < 60; seed++) {
				const { vectors, keys } = draw(4, 1, width, seed);
				const found = unbinding(vectors, keys, { channels: 4, tokens: 1, width }).cosines;
				found.forEach((value, at) => at % 5 === 0 || cosines.push(value));
			}
			return Math.sqrt(cosines.reduce((sum, x) => sum + x * x, 0) / cosines.length);
		};
		expect(spread(64)).toBeCloseTo(0.125, 1);
		expect(spread(512) / spread(128)).toBeCloseTo(0.5, 1);
	});

	it('is exact for one channel, and reads a given bundle', () => {
		const { vectors, keys } = draw(1, 50, 64);
		const found = unbinding(vectors, keys, { ...size, channels: 1 });
		expect(found.snrDecibels[0]).toBe(Infinity);
		expect(found.cosines[0]).toBeCloseTo(1, 14);
		const silent = unbinding(vectors, keys, { ...size, channels: 1 }, new Float64Array(50 * 64));
		expect([silent.cosines[0], silent.snrDecibels[0]]).toEqual([0, 0]);
	});

	it('names what does not fit', () => {
		const { vectors, keys } = draw(4, 50, 64);
		expect(() => bundle(vectors, keys.subarray(1), size)).toThrow(
			'keys needs 4·64 elements, got 255',
		);
		expect(() => unbinding(vectors, keys, { ...size, tokens: 51 })).toThrow(
			'channels·tokens·width = 4·51·64 needs 13056 elements, got 12800',
		);
	});
});
