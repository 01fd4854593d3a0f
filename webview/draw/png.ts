import type { Scene } from '../view-api/scene.ts';
import { paintScene } from './canvas.ts';
import { captioned } from './caption.ts';
import { withPngText } from './png-bytes.ts';
import type { Theme } from './theme.ts';

/**
 * A scene with its caption as the bytes of a PNG file.
 *
 * @param pixelRatio pixels of the file per CSS pixel; 3 is print quality for a column of a paper
 * @param metadata kept as JSON among the file's text entries: the run's manifest
 */
export async function sceneToPng(
	scene: Scene,
	theme: Theme,
	pixelRatio: number,
	metadata: unknown,
): Promise<Uint8Array<ArrayBuffer>> {
	const whole = captioned(scene, theme);
	const canvas = new OffscreenCanvas(
		Math.ceil(whole.width * pixelRatio),
		Math.ceil(whole.height * pixelRatio),
	);
	const context = canvas.getContext('2d');
	if (!context) throw new Error('The picture could not be drawn: this page has no 2D canvas.');
	const ground = { kind: 'rect', x: 0, y: 0, width: whole.width, height: whole.height } as const;
	const marks = [{ ...ground, fill: 'background' as const }, ...whole.marks];
	paintScene(context, { marks }, theme, pixelRatio);
	const file = await canvas.convertToBlob({ type: 'image/png' });
	return withPngText(
		new Uint8Array(await file.arrayBuffer()),
		'attnscope',
		JSON.stringify(metadata),
	);
}
