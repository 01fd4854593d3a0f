import type { RunManifest, RunSummary } from '../../extension/protocol/run.ts';
import { sceneToSvg } from '../draw/svg.ts';
import { darkTheme, lightTheme } from '../draw/theme.ts';
import type { Scene } from '../view-api/scene.ts';
import type { OpenView } from '../view-api/view.ts';

/** What the host keeps of a run: numbers, sentences and small pictures, one a site. */
export function summarize(manifest: RunManifest, id: string, view: OpenView): RunSummary {
	return {
		manifest,
		view: id,
		sites: view.findings().map(({ picture, strip, ...numbers }) => ({
			...numbers,
			picture: inBothThemes(picture),
			strip: strip ? inBothThemes(strip) : null,
		})),
	};
}

function inBothThemes(scene: Scene) {
	return { dark: sceneToSvg(scene, darkTheme), light: sceneToSvg(scene, lightTheme) };
}
