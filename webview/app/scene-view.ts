import { drawScene } from '../draw/canvas.ts';
import type { Theme } from '../draw/theme.ts';
import type { Scene, Target } from '../view-api/scene.ts';
import type { SceneEvent } from '../view-api/view.ts';
import { element } from './element.ts';

interface Cell {
	readonly row: number;
	readonly column: number;
}

const PAGE_CELLS = 10;

/** A scene on a canvas, with one focusable element a target laid over it: nothing per cell is in the DOM. */
export class SceneView {
	readonly root = element('div', { class: 'scene' });
	private readonly canvas = element('canvas', { 'aria-hidden': 'true' });
	private readonly overlays = new Map<string, { box: HTMLElement; target: Target; cell: Cell }>();

	constructor(private readonly act: (event: SceneEvent) => void) {
		this.root.append(this.canvas);
	}

	draw(scene: Scene, theme: Theme): void {
		this.root.style.height = `${scene.height}px`;
		drawScene(this.canvas, scene, theme);
		const named = new Set(scene.targets.map(({ id }) => id));
		for (const [id, { box }] of this.overlays) {
			if (named.has(id)) continue;
			box.remove();
			this.overlays.delete(id);
		}
		for (const target of scene.targets) this.place(target);
	}

	private place(target: Target): void {
		const known = this.overlays.get(target.id);
		const overlay = known ?? { box: this.makeBox(target), target, cell: { row: 0, column: 0 } };
		overlay.target = target;
		this.overlays.set(target.id, overlay);
		const { box } = overlay;
		box.setAttribute('aria-label', target.label);
		Object.assign(box.style, {
			left: `${target.x}px`,
			top: `${target.y}px`,
			width: `${target.width}px`,
			height: `${target.height}px`,
		});
		if (!known) this.root.append(box);
	}

	private makeBox({ id, rows }: Target): HTMLElement {
		const grid = rows !== undefined;
		const box: HTMLElement = element(grid ? 'div' : 'button', {
			class: 'target',
			'data-target': id,
			...(grid
				? { role: 'img', tabindex: '0', 'aria-roledescription': 'matrix; arrow keys move' }
				: { type: 'button' }),
		});
		box.addEventListener('pointermove', (event) => this.point(id, event));
		box.addEventListener('pointerleave', () =>
			this.act({ kind: 'leave', target: id, row: 0, column: 0 }),
		);
		box.addEventListener('click', (event) => {
			// a key press on a button comes as a click without a pointer
			if (event.detail > 0) this.point(id, event);
			this.act({ kind: 'press', target: id, ...this.overlays.get(id)!.cell });
		});
		if (grid) box.addEventListener('keydown', (event) => this.key(id, event));
		return box;
	}

	private point(id: string, event: MouseEvent): void {
		const overlay = this.overlays.get(id)!;
		const { rows = 1, columns = 1 } = overlay.target;
		const bounds = overlay.box.getBoundingClientRect();
		const cell = {
			row: clamp(Math.floor(((event.clientY - bounds.top) / bounds.height) * rows), rows),
			column: clamp(Math.floor(((event.clientX - bounds.left) / bounds.width) * columns), columns),
		};
		const same = cell.row === overlay.cell.row && cell.column === overlay.cell.column;
		overlay.cell = cell;
		if (!same || event.type === 'click') this.act({ kind: 'point', target: id, ...cell });
	}

	private key(id: string, event: KeyboardEvent): void {
		const overlay = this.overlays.get(id)!;
		const { rows = 1, columns = 1 } = overlay.target;
		if (event.key === 'Enter' || event.key === ' ') {
			event.preventDefault();
			this.act({ kind: 'press', target: id, ...overlay.cell });
			return;
		}
		const moved = move(event.key, event.shiftKey ? PAGE_CELLS : 1, overlay.cell, rows, columns);
		if (!moved) return;
		event.preventDefault();
		overlay.cell = moved;
		this.act({ kind: 'point', target: id, ...moved });
	}
}

function move(
	key: string,
	by: number,
	{ row, column }: Cell,
	rows: number,
	columns: number,
): Cell | undefined {
	const to = (r: number, c: number) => ({ row: clamp(r, rows), column: clamp(c, columns) });
	switch (key) {
		case 'ArrowUp':
			return to(row - by, column);
		case 'ArrowDown':
			return to(row + by, column);
		case 'ArrowLeft':
			return to(row, column - by);
		case 'ArrowRight':
			return to(row, column + by);
		case 'PageUp':
			return to(row - PAGE_CELLS, column);
		case 'PageDown':
			return to(row + PAGE_CELLS, column);
		case 'Home':
			return to(row, 0);
		case 'End':
			return to(row, columns - 1);
		default:
			return undefined;
	}
}

function clamp(index: number, count: number): number {
	return Math.min(Math.max(index, 0), count - 1);
}
