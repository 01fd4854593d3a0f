import type { View } from '../view-api/view.ts';
import { attention } from '../views/attention/attention.ts';
import { momentum } from '../views/momentum/momentum.ts';
import { recall } from '../views/recall/recall.ts';
import { superposition } from '../views/superposition/superposition.ts';
import { tensors } from '../views/tensors/tensors.ts';
import { tokenRouting } from '../views/token-routing/token-routing.ts';

/** Every view, in the order the picker shows them. */
export const views: readonly View[] = [
	attention,
	tokenRouting,
	recall,
	superposition,
	momentum,
	tensors,
];
