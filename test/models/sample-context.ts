import { runSample } from '../gallery/run-sample.ts';
import type { View, ViewContext } from '../../webview/view-api/view.ts';

/** What a view is handed on a real run of a sample with its prompt. */
export async function contextOfSample(folder: string): Promise<ViewContext> {
	let found: ViewContext | undefined;
	const view: View = {
		id: 'context',
		title: 'Context',
		findsMore: false,
		fit: () => ({ fits: true }),
		taps: () => [],
		compute: (context) => {
			found = context;
			return Promise.resolve(null);
		},
		detail: () => Promise.resolve(null),
		// a view that hands out its context draws nothing
		open: (() => undefined) as unknown as View['open'],
	};
	await runSample(folder, view);
	return found!;
}
