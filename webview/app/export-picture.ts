import type { RunManifest } from '../../extension/protocol/run.ts';
import { sceneToPng } from '../draw/png.ts';
import { sceneToSvg } from '../draw/svg.ts';
import type { Theme } from '../draw/theme.ts';
import type { Scene } from '../view-api/scene.ts';
import type { OpenView } from '../view-api/view.ts';

export type PictureFormat = 'svg' | 'png' | 'csv' | 'json';

/** Print resolution beside a screen's. */
const PNG_SCALE = 3;

export interface ExportedFile {
	readonly name: string;
	readonly bytes: Uint8Array;
}

/** The picture or its data, each with the manifest that repeats the run. */
export async function exportPicture(
	format: PictureFormat,
	view: OpenView,
	id: string,
	scene: Scene,
	theme: Theme,
	manifest: RunManifest,
): Promise<ExportedFile> {
	const stem = `${manifest.model.name.replace(/\.onnx$/, '')}-${id}-${manifest.id}`;
	const text = (words: string) => new TextEncoder().encode(words);
	switch (format) {
		case 'svg':
			return {
				name: `${stem}.svg`,
				bytes: text(sceneToSvg(scene, theme, { alone: true, metadata: manifest })),
			};
		case 'png':
			return { name: `${stem}.png`, bytes: await sceneToPng(scene, theme, PNG_SCALE, manifest) };
		case 'csv':
			return {
				name: `${stem}.csv`,
				bytes: text(`# ${JSON.stringify(manifest)}\n${view.export().csv}`),
			};
		case 'json':
			return {
				name: `${stem}.json`,
				bytes: text(
					JSON.stringify(
						{ manifest, description: scene.description, data: view.export().json },
						null,
						'\t',
					),
				),
			};
	}
}
