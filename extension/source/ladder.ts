import type { AttentionSite, CodeLink } from '../protocol/model.ts';
import type { CodeBase } from './code-base.ts';
import type { ModuleWalk } from './module-walk.ts';
import type { PathMap } from './remap-path.ts';
import type { RootSearch } from './root-search.ts';
import type { SiteNodes } from './site-nodes.ts';

/** What every step of the ladder works with. */
export interface LadderContext {
	readonly nodes: SiteNodes;
	readonly code: CodeBase;
	readonly walk: ModuleWalk;
	readonly paths: PathMap;
	readonly roots: RootSearch;
}

/** A link as a step finds it; only those by way of a path are ambiguous. */
export type FoundLink = Omit<CodeLink, 'ambiguous'> & Partial<Pick<CodeLink, 'ambiguous'>>;

/** Links one step of the ladder finds for a site; those of earlier steps win, target by target. */
export type LadderStep = (site: AttentionSite, context: LadderContext) => readonly FoundLink[];

export type Target = CodeLink['target'];
export const targets: readonly Target[] = ['class', 'build', 'call'];
