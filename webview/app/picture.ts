import type { AttentionSite, ModelSummary } from '../../extension/protocol/model.ts';
import { mountFigure } from '../draw/chart.ts';
import { readTheme, type Theme } from '../draw/theme.ts';
import type { Figure, Scene, Size } from '../view-api/scene.ts';
import type { OpenView, SceneEvent, View } from '../view-api/view.ts';
import { controlElements, controlsKey } from './controls.ts';
import { element } from './element.ts';
import type { Page } from './page.ts';
import type { SavedState } from './saved-state.ts';
import { SceneView } from './scene-view.ts';
import type { WorkerClient } from './worker-client.ts';

type Mounted = ReturnType<typeof mountFigure>;

/** The picture of one open view: lays out, draws, listens; at most once a frame. */
export class Picture {
	view: OpenView | undefined;
	scene: Scene | undefined;
	theme: Theme;
	private readonly sceneView: SceneView;
	private readonly figures = new Map<string, Mounted>();
	private drawn = { controls: '', width: 0 };
	private frame = 0;
	private save: () => void = () => undefined;

	constructor(
		private readonly page: Page,
		private readonly saved: SavedState,
		private readonly siteChanged: (site: string) => void,
	) {
		this.sceneView = new SceneView((event) => this.act(event));
		page.picture.append(this.sceneView.root);
		this.theme = readTheme(document.body);
		new ResizeObserver(() => {
			if (page.width !== this.drawn.width) this.redraw();
		}).observe(page.picture);
		// VS Code changes the theme by the body's class and the root's variables
		new MutationObserver(() => {
			this.theme = readTheme(document.body);
			this.redraw();
		}).observe(document.body, { attributes: true, attributeFilter: ['class'] });
	}

	show(
		view: View,
		data: unknown,
		model: ModelSummary,
		client: WorkerClient,
		site: AttentionSite | undefined,
	): void {
		this.clear();
		this.view = view.open(
			data,
			this.saved.state(model.uri, view.id),
			(query) => client.detail(view.id, query),
			() => this.redraw(),
		);
		if (site) this.view.focus(site);
		this.save = () => this.saved.saveView(model.uri, view.id, this.view?.save());
		this.draw();
	}

	focus(site: AttentionSite): void {
		this.view?.focus(site);
		this.redraw();
	}

	clear(): void {
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		this.view = undefined;
		this.scene = undefined;
		this.drawn.controls = '';
		for (const figure of this.figures.values()) figure.destroy();
		this.figures.clear();
		this.page.figures.replaceChildren();
	}

	private act(event: SceneEvent): void {
		this.view?.act(event);
		this.redraw();
	}

	private redraw(): void {
		if (this.frame !== 0 || !this.view) return;
		this.frame = requestAnimationFrame(() => {
			this.frame = 0;
			this.draw();
		});
	}

	private draw(): void {
		const { view } = this;
		if (!view) return;
		this.drawControls(view);
		const size = this.size();
		this.drawn.width = this.page.width;
		const { scene, pending } = view.scene(size);
		if (this.scene && this.scene.site !== scene.site) this.siteChanged(scene.site);
		this.scene = scene;
		this.sceneView.draw(scene, this.theme);
		this.drawFigures(scene.figures);
		this.page.showFinding(scene.description, scene.readout, !pending);
		this.page.showProof(view.proofs().find(({ site }) => site === scene.site));
		this.save();
	}

	private drawControls(view: OpenView): void {
		const key = controlsKey(view);
		if (key === this.drawn.controls) return;
		this.drawn.controls = key;
		const changed = () => this.redraw();
		this.page.controls.replaceChildren(...controlElements(view, changed));
	}

	private drawFigures(figures: readonly Figure[]): void {
		const named = new Set(figures.map(({ id }) => id));
		for (const [id, mounted] of this.figures) {
			if (named.has(id)) continue;
			mounted.destroy();
			this.figures.delete(id);
			this.page.figures.querySelector(`[data-figure="${CSS.escape(id)}"]`)?.remove();
		}
		for (const figure of figures) {
			const known = this.figures.get(figure.id);
			if (known) {
				known.update(figure, this.theme);
				continue;
			}
			const canvas = element('canvas', { role: 'img', 'aria-label': figure.title });
			this.page.figures.append(
				element('div', { class: 'figure', 'data-figure': figure.id }, canvas),
			);
			this.figures.set(figure.id, mountFigure(canvas, figure, this.theme));
		}
	}

	private size(): Size {
		const { characterWidth, lineHeight } = this.theme;
		const top = this.page.picture.getBoundingClientRect().top;
		return {
			width: this.page.width,
			height: Math.max(window.innerHeight - Math.max(top, 0), 240),
			characterWidth,
			lineHeight,
		};
	}
}
