import type { ViewContext } from '../../../view-api/view.ts';
import { accuracyOf, type Accuracy, type StoredSequences } from './accuracy.ts';
import { gridDetail, type GridDetail } from './channel-queries.ts';
import { cellsIn, gridOf, type GridSite } from './grid.ts';

/** A shared layer with the figures that the line above its code says. */
export interface MeasuredGrid {
	readonly site: string;
	readonly name: string;
	readonly grid: string;
	readonly channels: number;
	readonly detail: GridDetail;
	/** On some of the stored sequences, together and alone; null where there are none. */
	readonly together: Accuracy | null;
	readonly alone: Accuracy | null;
}

/** Figures of the run's own grid. */
export async function measureGrid(
	context: ViewContext,
	owner: object,
	site: GridSite,
	stored: StoredSequences | null,
): Promise<MeasuredGrid> {
	const grid = site.grids.at(-1)!;
	const ask = (name: string) =>
		stored && accuracyOf(context, stored, site, { grid: name, swap: false, part: 0 });
	return {
		site: site.id,
		name: site.name,
		grid,
		channels: cellsIn(gridOf(grid)),
		detail: await gridDetail(context, owner, site, {
			kind: 'grid',
			site: site.id,
			grid,
			swap: false,
		}),
		together: await ask(grid),
		alone: await ask('1x1'),
	};
}
