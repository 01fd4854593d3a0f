import type { AttentionSite, ModelSummary } from '../../extension/protocol/model.ts';
import { measureText } from '../draw/canvas.ts';
import { drawFigure } from '../draw/chart.ts';
import { pageTheme, type Theme } from '../draw/theme.ts';
import type { Figure, Scene, Size } from '../view-api/scene.ts';
import type { OpenView, SceneEvent, View } from '../view-api/view.ts';
import { Controls } from './controls.ts';
import { element } from './element.ts';
import type { Page } from './page.ts';
import type { SavedState } from './saved-state.ts';
import { SceneView } from './scene-view.ts';
import type { WorkerClient } from './worker-client.ts';

/** A picture that moves never jumps by more than this. */
const LONGEST_FRAME_S = 0.1;

/** The picture of one open view: lays out, draws, listens; at most once a frame. */
export class Picture {
	view: OpenView | undefined;
	scene: Scene | undefined;
	theme: Theme;
	private readonly sceneView: SceneView;
	private readonly figures: ReturnType<typeof drawFigure>[] = [];
	private drawn = { figures: '', width: 0 };
	private readonly measure = element('canvas').getContext('2d')!;
	private frame = 0;
	/** When the last frame of a moving picture was, ms; undefined while it rests. */
	private clock: number | undefined;
	private save: () => void = () => undefined;
	private findsMore = false;
	private readonly controls: Controls;
	private found = '';

	constructor(
		private readonly page: Page,
		private readonly saved: SavedState,
		private readonly siteChanged: (site: string) => void,
		/** A view whose findings grow found more. */
		private readonly foundMore: () => void,
	) {
		this.controls = new Controls(page.controls);
		this.sceneView = new SceneView((event) => this.act(event));
		page.picture.append(this.sceneView.root);
		this.theme = pageTheme(document);
		new ResizeObserver(() => {
			if (page.width !== this.drawn.width) this.redraw();
		}).observe(page.picture);
		// VS Code changes the theme by the body's class and the root's variables
		new MutationObserver(() => {
			this.theme = pageTheme(document);
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
		this.findsMore = view.findsMore;
		this.found = this.findings();
		this.save = () => this.saved.saveView(model.uri, view.id, this.view?.save());
		this.draw();
	}

	/** Sets fields of the view's state, as its controls would. */
	set(state: Readonly<Record<string, unknown>>): void {
		for (const [field, value] of Object.entries(state)) this.view?.set(field, value);
		this.redraw();
	}

	focus(site: AttentionSite): void {
		this.view?.focus(site);
		this.redraw();
	}

	clear(): void {
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		this.clock = undefined;
		this.view = undefined;
		this.scene = undefined;
		this.drawn = { figures: '', width: 0 };
		this.clearFigures();
	}

	private act(event: SceneEvent): void {
		this.view?.act(event);
		this.redraw();
	}

	private redraw(): void {
		if (this.frame !== 0 || !this.view) return;
		this.frame = requestAnimationFrame((now) => {
			this.frame = 0;
			this.move(now);
			this.draw();
			if (this.clock !== undefined) this.redraw();
		});
	}

	/** A hidden page gets no frames: what it missed is not caught up on. */
	private move(now: number): void {
		const seconds = Math.min((now - (this.clock ?? now)) / 1000, LONGEST_FRAME_S);
		this.clock = this.view?.advance(seconds) === true ? now : undefined;
	}

	private draw(): void {
		const { view } = this;
		if (!view) return;
		this.controls.draw(view, () => this.redraw());
		const size = this.size();
		this.drawn.width = this.page.width;
		const { scene, pending, trouble } = view.scene(size);
		if (this.scene && this.scene.site !== scene.site) this.siteChanged(scene.site);
		this.scene = scene;
		this.sceneView.draw(scene, this.theme);
		this.drawFigures(scene.figures);
		this.page.showFinding(scene.description, scene.readout, !pending);
		this.page.showTrouble(trouble);
		this.page.showProof(view.proofs().find(({ site }) => site === scene.site));
		if (this.findsMore && !pending) this.tellFindings();
		// while it moves the state changes with every frame, and saving it would be a message each
		if (this.clock === undefined) this.save();
	}

	private tellFindings(): void {
		const found = this.findings();
		if (found === this.found) return;
		this.found = found;
		this.foundMore();
	}

	private findings(): string {
		return JSON.stringify(this.findsMore && this.view?.findings().map(({ lens }) => lens));
	}

	/** Charts are drawn anew only when what they show changed: a moving cursor leaves them in peace. */
	private drawFigures(figures: readonly Figure[]): void {
		const key = JSON.stringify([this.theme.kind, figures]);
		if (key === this.drawn.figures) return;
		this.drawn.figures = key;
		this.clearFigures();
		for (const figure of figures) {
			const canvas = element('canvas');
			this.page.figures.append(
				element('div', { class: 'figure', 'data-figure': figure.id }, canvas),
			);
			this.figures.push(drawFigure(canvas, figure, this.theme));
		}
	}

	private clearFigures(): void {
		for (const figure of this.figures.splice(0)) figure.destroy();
		this.page.figures.replaceChildren();
	}

	private size(): Size {
		const top = this.page.picture.getBoundingClientRect().top;
		return {
			width: this.page.width,
			height: Math.max(window.innerHeight - Math.max(top, 0), 240),
			...measureText(this.measure, this.theme),
		};
	}
}
