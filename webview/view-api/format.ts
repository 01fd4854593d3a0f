/** Three significant digits, as every figure in a picture is written: `0.982`, `12.3`, `4,096`, `3.10e-7`. */
export function significant(value: number): string {
	if (!Number.isFinite(value)) return Number.isNaN(value) ? 'unknown' : value > 0 ? '∞' : '−∞';
	if (value === 0) return '0';
	const size = Math.abs(value);
	if (size < 1e-3) return value.toExponential(2);
	if (size >= 1000) return Math.round(value).toLocaleString('en-US');
	return value.toPrecision(3);
}

/** A residual or a tolerance, of which only the size matters: `3e-7`. */
export function magnitude(value: number): string {
	return value === 0 ? '0' : value.toExponential(0);
}

/** `1 token`, `2 tokens`. */
export function counted(count: number, one: string, many = `${one}s`): string {
	return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** A share as whole percent, without claiming all or nothing for almost. */
export function percent(share: number): string {
	const rounded = Math.round(share * 100);
	if (rounded === 100 && share < 1) return 'over 99 %';
	if (rounded === 0 && share > 0) return 'under 1 %';
	return `${rounded} %`;
}
