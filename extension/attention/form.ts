import type { AttentionSite } from '../protocol/model.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';

type Counted = 'id' | 'layer' | 'path' | 'node' | 'nodeName';
/** Null where a form does not say them. */
type Seldom = 'epsilon' | 'derived';

/** An attention site before it is counted and named. */
export interface Finding {
	readonly site: Omit<AttentionSite, Counted | Seldom> & Partial<Pick<AttentionSite, Seldom>>;
	/** The node that mixes: it gives the site its place in the order, its path and its name. */
	readonly node: FlatNode;
	/** The products it is made of: no other form may claim them. */
	readonly parts?: readonly FlatNode[];
}

/** One way of writing attention in a graph. */
export interface FormFinder {
	readonly id: string;
	/** Sites of this form in one graph; those of subgraphs are asked for separately. */
	find(facts: Facts): readonly Finding[];
}
