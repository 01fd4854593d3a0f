import type { DataExport } from '../../view-api/view.ts';
import type { MomentumData } from './compute.ts';
import { causalityOf, framesOf, racesOf, type Known } from './detail.ts';
import { CHUNK, FRAMES } from './cloud-setup.ts';
import { dialTable } from './figures.ts';
import { raceRows } from './race-scene.ts';
import { causalitySentence } from './sentence.ts';
import { ordersOf, setupOf, type MomentumState } from './state.ts';
import { comparedModels } from './training.ts';

/** What is shown: the model's figures by layer, the particles' energies by frame, or the race. */
export function exportMomentum(data: MomentumData, state: MomentumState, known: Known): DataExport {
	if (state.show === 'dynamics') return exportCloud(state, known);
	if (state.show === 'race') return exportRace(data, known);
	const lines = data.depth.layers.map(({ site, kinetic, mixing }, at) => {
		const stage = data.depth.stages.find(({ block, kind }) => block === at && kind === 'attention');
		return [at, site, kinetic ?? '', mixing?.potential ?? '', mixing?.entropy ?? '', mixing?.self ?? '', stage?.cosine ?? '', stage?.speed ?? '', stage?.force ?? '', stage?.displacement ?? ''].join(','); // prettier-ignore
	});
	const causality = causalityOf(known);
	return {
		csv: `layer,site,kinetic,potential,entropy,own_token,cosine,speed,force,displacement\n${lines.join('\n')}\n`, // prettier-ignore
		json: {
			hasVelocity: data.hasVelocity,
			layers: data.depth.layers.map((figures, at) => ({ ...figures, steps: data.layers[at]?.steps ?? [] })), // prettier-ignore
			stages: data.depth.stages.map(({ xy, arrows, ...figures }) => ({
				...figures,
				positions: Array.from(xy),
				velocities: arrows && Array.from(arrows),
			})),
			varianceHeld: data.axes?.held ?? null,
			answers: data.answers,
			dial: dialTable(data, known),
			causality: causality ? { ...causality, sentence: causalitySentence(causality) } : null,
		},
	};
}

function exportCloud(state: MomentumState, known: Known): DataExport {
	const setup = setupOf(state);
	const runs = ordersOf(state).map((order) => {
		const chunks = Array.from({ length: FRAMES / CHUNK }, (_, at) => framesOf(known, setup, order, at)); // prettier-ignore
		const found = chunks.flatMap((chunk) => chunk ?? []);
		return {
			order,
			time: found.flatMap(({ time }) => time),
			kinetic: found.flatMap(({ kinetic }) => kinetic),
			potential: found.flatMap(({ potential }) => potential),
			apartFromOneMatrix: found.flatMap(({ apart }) => apart),
			over: found.at(-1)?.over ?? '',
		};
	});
	const lines = runs.flatMap(({ order, time, kinetic, potential }) =>
		time.map((t, at) => [order, at, t, kinetic[at], potential[at]].join(',')),
	);
	return {
		csv: `order,frame,time,kinetic,potential\n${lines.join('\n')}\n`,
		json: { setup, runs },
	};
}

function exportRace(data: MomentumData, known: Known): DataExport {
	const races = racesOf(known);
	const rows = raceRows(races);
	const lines = rows.map(({ threshold, gradient, accelerated, ratio }) => [threshold, gradient, accelerated, ratio].join(',')); // prettier-ignore
	return {
		csv: `threshold,gradient_flow,momentum,ratio\n${lines.join('\n')}\n`,
		json: {
			race: rows,
			draws: races.length,
			training: comparedModels(data.training).map(({ name, parameters, last, spread, seeds, seconds, runs }) => ({ name, parameters, last, spread, seeds, seconds, runs })), // prettier-ignore
		},
	};
}
