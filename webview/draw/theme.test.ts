import { lab } from 'd3-color';
import { describe, expect, it } from 'vitest';
import type { Role } from '../view-api/scene.ts';
import { contrast, RAMP_STEPS, type RampTable } from './colors.ts';
import { darkTheme, lightTheme, themeFrom, type ThemeKind } from './theme.ts';

const kinds: ThemeKind[] = ['dark', 'light', 'hc-dark', 'hc-light'];
const textRoles: Role[] = ['text', 'muted', 'accent', 'good', 'warning', 'error'];
const shapeRoles: Role[] = [
	'focus',
	'softmax',
	'linear',
	...Array.from({ length: 10 }, (_, series) => ({ series })),
];

function lightness(table: RampTable): number[] {
	return Array.from({ length: RAMP_STEPS }, (_, step) => {
		const [r, g, b] = table.subarray(step * 3, step * 3 + 3);
		return lab(`rgb(${r}, ${g}, ${b})`).l;
	});
}

describe.each(kinds)('the %s theme', (kind) => {
	const theme = themeFrom(kind, () => '');
	const background = theme.color('background');

	it.each(textRoles)('writes %s so that it can be read', (role) => {
		expect(contrast(theme.color(role), background)).toBeGreaterThanOrEqual(4.5);
	});

	it.each(shapeRoles)('draws %o so that it can be seen', (role) => {
		expect(contrast(theme.color(role), background)).toBeGreaterThanOrEqual(3);
	});

	it('keeps the two routes apart', () => {
		expect(contrast(theme.color('softmax'), theme.color('linear'))).toBeGreaterThan(1);
		expect(theme.color('softmax')).not.toBe(theme.color('linear'));
	});

	it('has a sequential ramp that only ever moves away from the background', () => {
		const steps = lightness(theme.ramp('sequential'));
		const sign = kind.endsWith('dark') ? 1 : -1;
		expect(steps.slice(1).every((l, at) => sign * (l - steps[at]!) > -0.6)).toBe(true);
		expect(Math.abs(steps.at(-1)! - steps[0]!)).toBeGreaterThan(80);
	});

	it('has a diverging ramp whose zero is nearest to the background, with equal ends', () => {
		const steps = lightness(theme.ramp('diverging'));
		const middle = steps[(RAMP_STEPS - 1) / 2]!;
		const away = steps.map((l) => Math.abs(l - middle));
		expect(away[0]).toBeGreaterThan(50);
		expect(Math.abs(away[0]! - away.at(-1)!)).toBeLessThan(6);
		expect(theme.color({ signed: 0 })).toBe(theme.color({ signed: -0 }));
		expect(theme.color({ signed: -1 })).not.toBe(theme.color({ signed: 1 }));
	});
});

it('takes the editor’s own colours', () => {
	const theme = themeFrom('dark', (name) =>
		name === '--vscode-charts-blue' ? ' #66aaff ' : name === '--vscode-font-size' ? '15px' : '',
	);
	expect(theme.color('softmax')).toBe('#66aaff');
	expect(theme.fontSizePx).toBe(15);
});

it('moves a colour that could not be read on the background, and keeps its hue', () => {
	const theme = themeFrom('light', (name) =>
		name === '--vscode-descriptionForeground' ? '#ffff0080' : '',
	);
	expect(contrast(theme.color('muted'), '#ffffff')).toBeGreaterThanOrEqual(4.5);
});

it('judges by the background’s own colour, not by the kind’s name', () => {
	const theme = themeFrom('light', (name) =>
		name === '--vscode-editor-background' ? '#101010' : '',
	);
	expect(theme.color({ ramp: 0 })).toBe(darkTheme.color({ ramp: 0 }));
	expect(theme.color({ ramp: 0 })).not.toBe(lightTheme.color({ ramp: 0 }));
});

it('holds a ramp’s ends for values beyond them', () => {
	expect(darkTheme.color({ ramp: 7 })).toBe(darkTheme.color({ ramp: 1 }));
	expect(darkTheme.color({ signed: -7 })).toBe(darkTheme.color({ signed: -1 }));
});
