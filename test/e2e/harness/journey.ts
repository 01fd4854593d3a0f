import { it } from 'vitest';
import { EditorPage } from '../pages/editor-page.ts';
import { Session, type SessionOptions } from './session.ts';

interface Journey {
	readonly editor: EditorPage;
	readonly session: Session;
}

/** A journey takes 20 to 40 s on two free cores with a software GPU; ten times that when they are not free. */
const limitMs = 270_000;

/** A test in an editor of its own. It fails on errors behind the scenes too, and leaves evidence when it fails. */
export function journey(
	name: string,
	body: (journey: Journey) => Promise<void>,
	options: SessionOptions = {},
): void {
	it(name, async () => {
		const session = await Session.start(options);
		try {
			const editor = new EditorPage(session.page);
			await within(limitMs, async () => {
				await editor.isReady();
				await body({ editor, session });
			});
			await session.assertNoTroubles();
		} catch (error) {
			await session.keepEvidence(name);
			throw error;
		} finally {
			await session.stop();
		}
	});
}

/** Vitest's own limit would leave the editor and the browser running, and nothing of what they showed. */
async function within(ms: number, work: () => Promise<void>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new Error(`The journey was not over after ${String(ms / 1000)} s`));
		}, ms);
	});
	try {
		await Promise.race([work(), late]);
	} finally {
		clearTimeout(timer);
	}
}
