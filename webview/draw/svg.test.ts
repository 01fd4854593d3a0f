import { unzlibSync } from 'fflate';
import { expect, it } from 'vitest';
import type { ImageMark, Mark, Scene } from '../view-api/scene.ts';
import { RAMP_STEPS } from './colors.ts';
import { withPngText } from './png-bytes.ts';
import { EMPTY, rasterize } from './raster.ts';
import { sceneToSvg, svgDataUri } from './svg.ts';
import { darkTheme } from './theme.ts';

const image: ImageMark = {
	kind: 'image',
	x: 0,
	y: 0,
	width: 20,
	height: 20,
	columns: 2,
	rows: 2,
	values: Float32Array.of(0, NaN, 0.5, 1),
	domain: [0, 1],
	ramp: 'sequential',
};

function sceneOf(...marks: Mark[]): Scene {
	return {
		title: 'Layer 0',
		site: '',
		description: 'Head 0 reads <k1> & "v2".',
		width: 100,
		height: 40,
		marks,
		targets: [],
		figures: [],
		readout: '',
	};
}

/** The parts of a PNG by name, and its pixels' indices. */
function decodePng(bytes: Uint8Array) {
	const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const chunks = new Map<string, Uint8Array>();
	for (let at = 8; at < bytes.length;) {
		const length = fields.getUint32(at);
		chunks.set(
			String.fromCharCode(...bytes.subarray(at + 4, at + 8)),
			bytes.subarray(at + 8, at + 8 + length),
		);
		at += length + 12;
	}
	const header = chunks.get('IHDR')!;
	const [width, height] = [header[3]!, header[7]!];
	const lines = unzlibSync(chunks.get('IDAT')!);
	const indices = Array.from({ length: height }, (_, row) =>
		Array.from(lines.subarray(row * (width + 1) + 1, (row + 1) * (width + 1))),
	).flat();
	return { width, height, chunks, indices };
}

function embeddedPng(svg: string): Uint8Array<ArrayBuffer> {
	const text = /base64,([^"]+)"/.exec(svg)?.[1];
	return Uint8Array.from(atob(text ?? ''), (character) => character.charCodeAt(0));
}

it('writes marks as they stand, and says what is drawn', () => {
	const svg = sceneToSvg(
		sceneOf(
			{ kind: 'rect', x: 1, y: 2, width: 3, height: 4, fill: 'background', radius: 2 },
			{ kind: 'line', points: [[0, 0], [10, 0.123]], stroke: 'background', width: 2, arrow: true }, // prettier-ignore
			{ kind: 'dots', xy: Float32Array.of(1, 2, 3, 4), radius: 2, fill: 'background' },
			{ kind: 'text', x: 5, y: 6, text: 'a<b', fill: 'background', align: 'end', rotate: -90 },
		),
		darkTheme,
	);
	expect(svg).toMatchInlineSnapshot(`
		"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="40" viewBox="0 0 100 40" role="img">
		<title>Layer 0</title>
		<desc>Head 0 reads &lt;k1&gt; &amp; &quot;v2&quot;.</desc>
		<rect x="1" y="2" width="3" height="4" rx="2" fill="#1f1f1f"/>
		<polyline points="0,0 10,0.12" fill="none" stroke="#1f1f1f" stroke-width="2" stroke-linejoin="round"/><polygon points="10,0.12 1.95,4.02 2.05,-3.98" fill="#1f1f1f"/>
		<g fill="#1f1f1f"><circle cx="1" cy="2" r="2"/><circle cx="3" cy="4" r="2"/></g>
		<text x="5" y="6" fill="#1f1f1f" font-size="13" font-family="system-ui, sans-serif" text-anchor="end" dominant-baseline="central" transform="rotate(-90 5 6)" style="font-variant-numeric:tabular-nums;white-space:pre">a&lt;b</text>
		</svg>"
	`);
});

it('embeds an image as a PNG that holds the values’ colours and leaves NaN transparent', () => {
	const { width, height, chunks, indices } = decodePng(
		embeddedPng(sceneToSvg(sceneOf(image), darkTheme)),
	);
	expect([width, height]).toEqual([2, 2]);
	expect(indices).toEqual([1, EMPTY, 1 + (RAMP_STEPS - 1) / 2, RAMP_STEPS]);
	expect(Array.from(chunks.get('tRNS')!.subarray(0, 2))).toEqual([0, 255]);
	const last = chunks.get('PLTE')!.subarray(RAMP_STEPS * 3);
	expect(`#${Buffer.from(last).toString('hex')}`).toBe(darkTheme.color({ ramp: 1 }));
});

it('gives every chunk its checksum', () => {
	const bytes = embeddedPng(sceneToSvg(sceneOf(image), darkTheme));
	// CRC-32 of "IEND", as every PNG ends
	expect(Array.from(bytes.subarray(-4))).toEqual([0xae, 0x42, 0x60, 0x82]);
});

it('centres a diverging ramp on zero, with equal reach both ways', () => {
	const values = Float32Array.of(-1, 0, 4, 99);
	const steps = rasterize({ ...image, values, domain: [-1, 4], ramp: 'diverging' });
	const zero = 1 + (RAMP_STEPS - 1) / 2;
	expect(Array.from(steps)).toEqual([zero - 32, zero, RAMP_STEPS, RAMP_STEPS]);
});

it('keeps the run’s manifest in the file', () => {
	const manifest = { id: 'r1', note: '</metadata> & é' };
	const svg = sceneToSvg(sceneOf(image), darkTheme, { alone: true, metadata: manifest });
	const kept = /<metadata>(.*)<\/metadata>/.exec(svg)?.[1] ?? '';
	const unescaped = kept
		.replaceAll('&quot;', '"')
		.replaceAll('&lt;', '<')
		.replaceAll('&gt;', '>')
		.replaceAll('&amp;', '&');
	expect(JSON.parse(unescaped)).toEqual(manifest);
	expect(svg).toContain('>Layer 0</text>');

	const png = withPngText(embeddedPng(svg), 'attnscope', JSON.stringify(manifest));
	const entry = new TextDecoder().decode(decodePng(png).chunks.get('iTXt'));
	expect(entry).toBe(`attnscope\0\0\0\0\0${JSON.stringify(manifest)}`);
});

it('refuses to add text to something that is no PNG', () => {
	expect(() => withPngText(new Uint8Array(20), 'a', 'b')).toThrow('expected a PNG file');
});

it('replaces characters that no XML file may hold', () => {
	const svg = sceneToSvg(
		sceneOf({ kind: 'text', x: 0, y: 0, text: '\u0000\u001b\ud800🙂', fill: 'text' }),
		darkTheme,
	);
	expect(svg).toContain('>\ufffd\ufffd\ufffd🙂</text>');
});

it('wraps an SVG in a data URI, whatever characters it holds', () => {
	const uri = svgDataUri('<svg>→ é</svg>');
	expect(Buffer.from(uri.split(',')[1]!, 'base64').toString('utf8')).toBe('<svg>→ é</svg>');
});
