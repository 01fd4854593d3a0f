import type { Scene, Size } from '../../view-api/scene.ts';
import type { MomentumData } from './compute.ts';
import type { Known } from './detail.ts';
import { dynamicsScene } from './dynamics-scene.ts';
import { modelScene } from './model-scene.ts';
import { raceScene } from './race-scene.ts';
import type { MomentumState } from './state.ts';

export function layoutMomentum(
	data: MomentumData,
	state: MomentumState,
	size: Size,
	known: Known,
): Scene {
	// prettier-ignore
	switch (state.show) {
		case 'model':
			return modelScene(data, state, size, known);
		case 'dynamics':
			return dynamicsScene(data, state, size, known);
		case 'race':
			return raceScene(data, size, known);
	}
}
