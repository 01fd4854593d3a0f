import { significant } from '../../view-api/format.ts';
import type { Size } from '../../view-api/scene.ts';
import type { SiteFinding } from '../../view-api/view.ts';
import { momentumProofs, type MomentumData } from './compute.ts';
import { depthPicture, extentOf } from './depth-picture.ts';
import { causalityOf, type Known } from './detail.ts';
import type { MomentumState } from './state.ts';
import { heading } from './words.ts';

/** Of the small picture; text sizes as the standard themes have them. */
const CARD: Size = { width: 360, height: 240, characterWidth: 6.7, lineHeight: 16 };

/** Energy and momentum at each layer's line; of a model without velocities only what leaks. */
export function momentumFindings(
	data: MomentumData,
	_state: MomentumState,
	known: Known,
): SiteFinding[] {
	const proofs = momentumProofs(data);
	const causality = causalityOf(known);
	return data.layers.flatMap(({ site, name }, at) => {
		const figures = data.depth.layers[at];
		const index = data.depth.stages.findIndex(({ block, kind }) => block === at && kind === 'attention'); // prettier-ignore
		const stage = data.depth.stages[index];
		const leaks = causality?.trials.find((trial) => trial.leaks && trial.site === site);
		if (!figures || !stage || (!data.hasVelocity && !leaks)) return [];
		const energy = figures.kinetic !== null && figures.mixing ? `energy ${significant(figures.kinetic + figures.mixing.potential)}` : ''; // prettier-ignore
		const cosine = stage.cosine !== null ? `velocity·force ${significant(stage.cosine)}` : '';
		const leak = leaks ? 'leaks later tokens' : '';
		const description = data.hasVelocity
			? `Entering ${name} a token has a kinetic energy of ${significant(figures.kinetic ?? NaN)}; its velocity has a cosine of ${significant(stage.cosine ?? NaN)} with attention’s force, and its attention moves it by ${significant(stage.displacement)}.` // prettier-ignore
			: `What ${name} computes for a token depends on later ones.`;
		const extent = extentOf([{ stages: [stage], layers: [] }]);
		const box = { x: 0, y: CARD.lineHeight * 1.4, width: CARD.width, height: 200 };
		const title = `Tokens after the attention of ${name}`;
		return [
			{
				site,
				description,
				lens: [leak, energy, cosine].filter((part) => part !== '').join(' · '),
				entropy: figures.mixing?.entropy ?? null,
				reach: null,
				proof: proofs.find((proof) => proof.site === site)!,
				picture: {
					...{ title, site, description, width: CARD.width, height: 224 + CARD.lineHeight },
					marks: [heading(title, 0, CARD), ...depthPicture(data.depth, index, -1, '', extent, box, CARD)], // prettier-ignore
					...{ targets: [], figures: [], readout: '' },
				},
			},
		];
	});
}
