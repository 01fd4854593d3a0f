import type { Memento } from 'vscode';
import type { OpenSizes } from './open-sizes.ts';
import { isScaling, type Scaling } from './pixel-values.ts';

/** Which input a model runs on. */
export type InputChoice =
	/** `scaling` where it is a picture. */
	| { readonly kind: 'file'; readonly uri: string; readonly scaling?: Scaling }
	| { readonly kind: 'random'; readonly seed: number }
	| { readonly kind: 'ids'; readonly ids: readonly number[] }
	| { readonly kind: 'text'; readonly text: string }
	| { readonly kind: 'made-up' };

/** What is found again after the window was loaded anew. Everything is read back with care: older versions wrote it. */
export class Memory {
	constructor(private readonly memento: Memento) {}

	inputChoice(model: string): InputChoice | undefined {
		const saved = this.memento.get<Partial<Record<string, unknown>>>(`input:${model}`);
		switch (saved?.['kind']) {
			case 'file':
				return typeof saved['uri'] === 'string'
					? {
							kind: 'file',
							uri: saved['uri'],
							...(isScaling(saved['scaling']) && { scaling: saved['scaling'] }),
						}
					: undefined;
			case 'random':
				return Number.isSafeInteger(saved['seed'])
					? { kind: 'random', seed: saved['seed'] as number }
					: undefined;
			case 'ids': {
				const { ids } = saved as { ids?: unknown };
				return Array.isArray(ids) && ids.every(Number.isSafeInteger)
					? { kind: 'ids', ids: ids as number[] }
					: undefined;
			}
			case 'text':
				return typeof saved['text'] === 'string'
					? { kind: 'text', text: saved['text'] }
					: undefined;
			case 'made-up':
				return { kind: 'made-up' };
			default:
				return undefined;
		}
	}

	async setInputChoice(model: string, choice: InputChoice | undefined): Promise<void> {
		await this.memento.update(`input:${model}`, choice);
	}

	/** Sizes for the axes that a model leaves open, as the user once gave them; undefined where nobody asked. */
	sizes(model: string): OpenSizes | undefined {
		const saved = this.memento.get<unknown>(`sizes:${model}`);
		if (typeof saved !== 'object' || saved === null) return undefined;
		return Object.fromEntries(
			Object.entries(saved).filter(
				(entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && entry[1] >= 0,
			),
		);
	}

	async setSizes(model: string, sizes: OpenSizes): Promise<void> {
		await this.memento.update(`sizes:${model}`, sizes);
	}

	/**
	 * Files that exported paths stand for, as the user said where that could not be saved beside the model; null where the
	 * guess is good enough.
	 */
	paths(model: string): ReadonlyMap<string, string | null> {
		const saved = this.memento.get<unknown>(`paths:${model}`);
		if (typeof saved !== 'object' || saved === null) return new Map();
		return new Map(
			Object.entries(saved).filter(
				(entry): entry is [string, string | null] =>
					entry[1] === null || typeof entry[1] === 'string',
			),
		);
	}

	async setPath(model: string, exported: string, file: string | null): Promise<void> {
		const paths = new Map(this.paths(model)).set(exported, file);
		await this.memento.update(`paths:${model}`, Object.fromEntries(paths));
	}

	/** The site that was last looked at. */
	site(model: string): string | null {
		const site = this.memento.get<unknown>(`site:${model}`);
		return typeof site === 'string' ? site : null;
	}

	async setSite(model: string, site: string): Promise<void> {
		await this.memento.update(`site:${model}`, site);
	}

	/** Models in the order they were last opened or run, the latest first. */
	recentModels(): readonly string[] {
		const saved = this.memento.get<unknown>('recent');
		return Array.isArray(saved) ? saved.filter((item) => typeof item === 'string') : [];
	}

	async touchModel(model: string): Promise<void> {
		const others = this.recentModels().filter((other) => other !== model);
		await this.memento.update('recent', [model, ...others].slice(0, 20));
	}
}
