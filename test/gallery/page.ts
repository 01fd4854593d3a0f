import { drawFigure } from '../../webview/draw/chart.ts';
import { drawScene } from '../../webview/draw/canvas.ts';
import { themeFrom, type ThemeKind } from '../../webview/draw/theme.ts';
import type { Scene } from '../../webview/view-api/scene.ts';

declare global {
	interface Window {
		show(scene: string, kind: ThemeKind): void;
	}
}

/** Draws a scene as the panel does: description, picture, readout, figures. */
window.show = (text, kind) => {
	const scene = JSON.parse(text, revive) as Scene;
	const theme = themeFrom(kind, () => '');
	const { body } = document;
	body.style.cssText = `margin:12px;background:${theme.color('background')};color:${theme.color('text')};font:13px system-ui,sans-serif;width:${scene.width}px`;
	body.replaceChildren();
	const paragraph = (words: string) => {
		const made = document.createElement('p');
		made.textContent = words;
		made.style.margin = '0 0 10px';
		body.append(made);
	};
	paragraph(scene.description);
	const canvas = document.createElement('canvas');
	body.append(canvas);
	drawScene(canvas, scene, theme);
	paragraph(scene.readout);
	for (const figure of scene.figures) {
		const box = document.createElement('div');
		box.style.cssText = `height:220px;width:${Math.min(scene.width, 560)}px;margin-bottom:12px`;
		const own = document.createElement('canvas');
		box.append(own);
		body.append(box);
		drawFigure(own, figure, theme);
	}
};

/** Typed arrays travel as `{ floats: [...] }`, with null for NaN. */
function revive(_key: string, value: unknown): unknown {
	if (typeof value !== 'object' || value === null || !('floats' in value)) return value;
	return Float32Array.from(value.floats as (number | null)[], (each) => each ?? NaN);
}
