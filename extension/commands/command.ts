import type { CodeSites } from '../editor/code-sites.ts';
import type { ModelTree } from '../editor/model-tree.ts';
import type { SiteMark } from '../editor/site-mark.ts';
import type { Pages } from '../panel/pages.ts';
import type { SideView } from '../panel/side-view.ts';
import type { Services } from '../workspace/services.ts';

/** What commands work on. */
export interface Parts {
	readonly services: Services;
	readonly pages: Pages;
	readonly side: SideView;
	readonly codeSites: CodeSites;
	readonly tree: ModelTree;
	readonly mark: SiteMark;
}

/** One file a command, named after its id. */
export interface Command {
	readonly id: string;
	/** @param argument whatever a lens, a menu or another extension hands over: unchecked */
	execute(parts: Parts, argument: unknown): Promise<void>;
}
