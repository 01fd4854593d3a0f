import { schemeObservable10 } from 'd3-scale-chromatic';
import type { Role } from '../view-api/scene.ts';
import {
	isColor,
	isDark,
	legible,
	over,
	RAMP_STEPS,
	rampTable,
	type RampKind,
	type RampTable,
} from './colors.ts';

export type ThemeKind = 'dark' | 'light' | 'hc-dark' | 'hc-light';

/** What a scene's roles look like in one editor theme. */
export interface Theme {
	readonly kind: ThemeKind;
	readonly fontFamily: string;
	readonly codeFamily: string;
	readonly fontSizePx: number;
	/** Opaque, as `#rrggbb`. */
	color(role: Role): string;
	ramp(kind: RampKind): RampTable;
}

/** Reads a CSS variable's value; empty where the theme does not set it. */
export type ReadVariable = (name: `--vscode-${string}`) => string;

/** Contrasts with the background by WCAG 2: text, and lines or areas that carry meaning. */
const TEXT_CONTRAST = 4.5;
const SHAPE_CONTRAST = 3;

type NamedRole = Extract<Role, string>;

interface RoleSource {
	readonly variables: readonly `--vscode-${string}`[];
	/** VS Code's own values, for where there is no page: `[dark, light]`. */
	readonly standard: readonly [dark: string, light: string];
	readonly contrast: number;
}

const source = (
	variables: readonly string[],
	standard: RoleSource['standard'],
	contrast: number,
): RoleSource => ({
	variables: variables.map((name): `--vscode-${string}` => `--vscode-${name}`),
	standard,
	contrast,
});

const sources: Record<Exclude<NamedRole, 'background' | 'faint' | 'panel'>, RoleSource> = {
	text: source(['foreground', 'editor-foreground'], ['#cccccc', '#3b3b3b'], TEXT_CONTRAST),
	muted: source(['descriptionForeground'], ['#9d9d9d', '#616161'], TEXT_CONTRAST),
	accent: source(['textLink-foreground'], ['#4daafc', '#005fb8'], TEXT_CONTRAST),
	focus: source(['focusBorder', 'contrastActiveBorder'], ['#0078d4', '#005fb8'], SHAPE_CONTRAST),
	good: source(['testing-iconPassed', 'charts-green'], ['#73c991', '#2a7d43'], TEXT_CONTRAST),
	warning: source(['editorWarning-foreground'], ['#cca700', '#8a6100'], TEXT_CONTRAST),
	error: source(['errorForeground'], ['#f85149', '#c72e2e'], TEXT_CONTRAST),
	softmax: source(['charts-blue'], ['#59a4f9', '#1a72d2'], SHAPE_CONTRAST),
	linear: source(['charts-orange'], ['#e09448', '#b5630b'], SHAPE_CONTRAST),
};

const backgrounds: Record<ThemeKind, string> = {
	dark: '#1f1f1f',
	light: '#ffffff',
	'hc-dark': '#000000',
	'hc-light': '#ffffff',
};

/** Every role of a theme, read once. */
export function themeFrom(kind: ThemeKind, variable: ReadVariable): Theme {
	const read = (names: RoleSource['variables'], otherwise: string) =>
		names.map((name) => variable(name).trim()).find(isColor) ?? otherwise;
	const background = over(
		read(['--vscode-editor-background'], backgrounds[kind]),
		backgrounds[kind],
	);
	const dark = isDark(background);
	const high = kind.startsWith('hc-');

	const named = new Map<NamedRole, string>([['background', background]]);
	for (const [role, { variables, standard, contrast }] of Object.entries(sources)) {
		const found = over(read(variables, standard[dark ? 0 : 1]), background);
		named.set(role as NamedRole, legible(found, background, high ? 7 : contrast));
	}
	const text = named.get('text')!;
	named.set('faint', over(text, background, high ? 0.55 : 0.22));
	named.set('panel', over(text, background, high ? 0 : 0.06));

	const series = schemeObservable10.map((color) =>
		legible(color, background, high ? TEXT_CONTRAST : SHAPE_CONTRAST),
	);
	const ramps = {
		sequential: rampTable('sequential', dark),
		diverging: rampTable('diverging', dark),
	};
	return {
		kind,
		fontFamily: variable('--vscode-font-family').trim() || 'system-ui, sans-serif',
		codeFamily: variable('--vscode-editor-font-family').trim() || 'monospace',
		fontSizePx: parseFloat(variable('--vscode-font-size')) || 13,
		color: (role) => {
			if (typeof role === 'string') return named.get(role)!;
			if ('series' in role) return series[role.series % series.length]!;
			return 'ramp' in role
				? rampHex(ramps.sequential, role.ramp)
				: rampHex(ramps.diverging, (role.signed + 1) / 2);
		},
		ramp: (which) => ramps[which],
	};
}

function rampHex(table: RampTable, place: number): string {
	const step = Math.round(Math.min(1, Math.max(0, place)) * (RAMP_STEPS - 1));
	const bytes = table.subarray(step * 3, step * 3 + 3);
	return `#${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** VS Code's own colours, for pictures made where there is no page (a worker, Node) or that leave it (a hover). */
export const darkTheme = themeFrom('dark', () => '');
export const lightTheme = themeFrom('light', () => '');

/** The theme the page is shown in. VS Code names its kind on the body and its colours as variables. */
export function pageTheme(page: Document): Theme {
	const kinds: Record<string, ThemeKind> = {
		'vscode-light': 'light',
		'vscode-dark': 'dark',
		'vscode-high-contrast': 'hc-dark',
		'vscode-high-contrast-light': 'hc-light',
	};
	const style = getComputedStyle(page.body);
	return themeFrom(kinds[page.body.dataset['vscodeThemeKind'] ?? ''] ?? 'dark', (name) =>
		style.getPropertyValue(name),
	);
}
