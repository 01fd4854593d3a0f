import { it } from 'vitest';
import { EditorPage } from '../pages/editor-page.ts';
import { Session, type SessionOptions } from './session.ts';

interface Journey {
	readonly editor: EditorPage;
	readonly session: Session;
}

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
			await editor.isReady();
			await body({ editor, session });
			await session.assertNoTroubles();
		} catch (error) {
			await session.keepEvidence(name);
			throw error;
		} finally {
			await session.stop();
		}
	});
}
