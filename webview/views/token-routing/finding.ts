import { percent } from '../../view-api/format.ts';
import type { Scene, Size } from '../../view-api/scene.ts';
import type { SiteFinding } from '../../view-api/view.ts';
import { accountOf } from './account.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import { layerSentence } from './sentence.ts';
import { routeTrack } from './track.ts';

/** Of the small picture; text sizes as the standard themes have them. */
export const CARD: Size = { width: 400, height: 240, characterWidth: 6.7, lineHeight: 16 };

/** `1.2k`, so that the line above the code stays short. */
const thousands = (count: number) =>
	count < 1000 ? String(count) : `${(count / 1000).toPrecision(2)}k`;

export function routingFindings(data: RoutingData): SiteFinding[] {
	return data.layers.map((layer) => {
		const account = accountOf(layer, layer.routes.kept);
		const description = layerSentence(data, layer);
		return {
			site: layer.exact.id,
			description,
			lens: `${percent(account.share)} softmax · KV ${thousands(account.rows)} of ${thousands(account.allRows)} rows`,
			entropy: null,
			reach: null,
			proof: layer.proofs[0],
			picture: card(layer, description),
			strip: strip(layer, description),
		};
	});
}

function card(layer: RoutedLayer, description: string): Scene {
	const { name, H, routes } = layer;
	const box = {
		x: 48,
		y: CARD.lineHeight,
		width: CARD.width - 96,
		row: Math.min(18, 200 / H),
	};
	const shown = { ...{ name, H, N: routes.N }, kept: routes.kept, margin: routes.margin };
	const track = routeTrack([{ ...shown, chosen: -1, outlines: [], label: '' }], box, CARD);
	return {
		title: `Routes of ${layer.name}: kept exactly or folded into the state, by head and chunk`,
		site: layer.exact.id,
		description,
		width: CARD.width,
		height: Math.ceil(CARD.lineHeight + track.height),
		marks: track.marks,
		targets: [],
		figures: [],
		readout: '',
	};
}

/** A row a head, all together as high as a line of code. */
function strip({ name, H, routes, exact }: RoutedLayer, description: string): Scene {
	const height = 14;
	const width = Math.min(200, Math.max(60, routes.N * 5));
	const box = { x: 0, y: 0, width, row: (height - 1) / H };
	const shown = { ...{ name, H, N: routes.N }, kept: routes.kept, margin: routes.margin };
	// no words fit beside rows this low
	const { marks } = routeTrack([{ ...shown, chosen: -1, outlines: [], label: '' }], box, {
		...CARD,
		lineHeight: Infinity,
	});
	return {
		...{ title: `Routes of ${name}`, site: exact.id, description, width, height, marks },
		...{ targets: [], figures: [], readout: '' },
	};
}
