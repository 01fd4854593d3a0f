import type { Scene, Size } from '../../view-api/scene.ts';
import type { TensorsData } from './compute.ts';
import type { Known } from './detail.ts';
import { effectPart } from './effect-part.ts';
import { figuresOf } from './figures.ts';
import { placementPart } from './placement-part.ts';
import { stack, type Part } from './part.ts';
import { readout } from './readout.ts';
import { sentence } from './sentence.ts';
import type { TensorsState } from './state.ts';
import { surveyPart } from './survey-part.ts';
import { tensorPart } from './tensor-part.ts';

export function layoutTensors(
	data: TensorsData,
	state: TensorsState,
	size: Size,
	known: Known,
): Scene {
	const { marks, targets, height } = stack(partsOf(data, state, size, known), size);
	return {
		site: data.roles[state.tensor]?.site ?? '',
		title: titleOf(state),
		description: sentence(data, state, known),
		width: size.width,
		height,
		marks,
		targets,
		figures: figuresOf(data, state, known),
		readout: readout(state, known),
	};
}

function partsOf(data: TensorsData, state: TensorsState, size: Size, known: Known): Part[] {
	switch (state.look) {
		case 'one':
			return [effectPart(data, state, size, known), tensorPart(data, state, size, known)];
		case 'all':
		case 'backends':
			return [surveyPart(data, state, size, known)];
		case 'placement':
			return [placementPart(data, size, known)];
	}
}

function titleOf({ look, tensor }: TensorsState): string {
	switch (look) {
		case 'one':
			return `The tensor ${tensor}`;
		case 'all':
			return 'Every float tensor of the run';
		case 'backends':
			return 'WebGPU against WASM, tensor by tensor';
		case 'placement':
			return 'Where nodes ran';
	}
}
