import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { Endpoint, type Handlers, type Port } from './endpoint.ts';
import type { Method } from './messages.ts';
import { bytes, count, nothing, record, text, type Parser } from './parse.ts';

const method = <A, R>(args: Parser<A>, result: Parser<R>): Method<A, R> => ({ args, result });
const hostSide = {
	readBytes: method(record({ offset: count, length: count }), bytes),
	revealCode: method(record({ site: text }), nothing),
};
const pageSide = { selectSite: method(record({ site: text }), nothing) };
type HostHandlers = Handlers<typeof hostSide>;

/** Two ports joined by structured clone, as a real webview channel is. */
function joinedPorts(): [Port, Port] {
	const ears: [Set<(m: unknown) => void>, Set<(m: unknown) => void>] = [new Set(), new Set()];
	const port = (own: 0 | 1): Port => ({
		post: (message) => {
			const copy: unknown = structuredClone(message);
			queueMicrotask(() => ears[own === 0 ? 1 : 0].forEach((hear) => hear(copy)));
		},
		listen: (hear) => {
			ears[own].add(hear);
			return () => void ears[own].delete(hear);
		},
	});
	return [port(0), port(1)];
}

function conversation(host: Partial<HostHandlers> = {}) {
	const [a, b] = joinedPorts();
	const stray = vi.fn();
	const handlers: HostHandlers = {
		readBytes: ({ length }) => new Uint8Array(length),
		revealCode: () => undefined,
		...host,
	};
	const left = new Endpoint(a, hostSide, handlers, pageSide, stray);
	const right = new Endpoint(b, pageSide, { selectSite: () => undefined }, hostSide, stray);
	return { left, right, b, stray };
}

const never = () => new Promise<never>(() => undefined);

describe('Endpoint', () => {
	it('returns a checked answer', async () => {
		const { right } = conversation();
		await expect(right.ask('readBytes', { offset: 0, length: 3 })).resolves.toEqual(
			new Uint8Array(3),
		);
	});

	it('talks both ways at once', async () => {
		const { left, right } = conversation();
		await Promise.all([
			expect(left.ask('selectSite', { site: 'a' })).resolves.toBeUndefined(),
			expect(right.ask('revealCode', { site: 'a' })).resolves.toBeUndefined(),
		]);
	});

	it('names the field of a malformed argument', async () => {
		const { right } = conversation();
		await expect(right.ask('readBytes', { offset: -1, length: 3 })).rejects.toThrow(
			'readBytes.args.offset: expected a count',
		);
	});

	it('passes on the other side’s failure', async () => {
		const { right } = conversation({
			readBytes: () => {
				throw new Error('no such file');
			},
		});
		await expect(right.ask('readBytes', { offset: 0, length: 3 })).rejects.toMatchObject({
			reason: 'failed',
			message: 'no such file',
		});
	});

	it('refuses a bad answer', async () => {
		const { right } = conversation({ readBytes: () => 'text' as unknown as Uint8Array });
		await expect(right.ask('readBytes', { offset: 0, length: 3 })).rejects.toMatchObject({
			reason: 'malformed',
		});
	});

	it.each(['time', 'signal'])('stops the other side when stopped by %s', async (by) => {
		let stopped = false;
		const { right } = conversation({
			readBytes: (_args, signal) =>
				new Promise((resolve) =>
					signal.addEventListener('abort', () => {
						stopped = true;
						resolve(new Uint8Array());
					}),
				),
		});
		const controller = new AbortController();
		const options = by === 'time' ? { timeoutMs: 5 } : { signal: controller.signal };
		const asked = right.ask('readBytes', { offset: 0, length: 1 }, options);
		if (by === 'signal') setTimeout(() => controller.abort(), 5);
		await expect(asked).rejects.toMatchObject({ reason: by === 'time' ? 'timed-out' : 'closed' });
		await vi.waitFor(() => expect(stopped).toBe(true));
	});

	it('leaves nobody waiting after dispose, and refuses later questions', async () => {
		const { right } = conversation({ readBytes: never });
		const asked = right.ask('readBytes', { offset: 0, length: 1 });
		right.dispose();
		await expect(asked).rejects.toMatchObject({ reason: 'closed' });
		await expect(right.ask('revealCode', { site: 'a' })).rejects.toMatchObject({
			reason: 'closed',
		});
	});

	it('stops what it was doing for the other side when disposed', async () => {
		let stopped = false;
		const { left, right } = conversation({
			readBytes: (_args, signal) => {
				signal.addEventListener('abort', () => (stopped = true));
				return never();
			},
		});
		right.ask('readBytes', { offset: 0, length: 1 }).catch(() => undefined);
		await new Promise((resolve) => setTimeout(resolve, 5));
		left.dispose();
		expect(stopped).toBe(true);
	});

	it.each([null, 7, 'x', {}, { kind: 'ask' }, { kind: 'constructor', id: 1 }])(
		'reports stray message %j',
		async (message) => {
			const { b, stray } = conversation();
			b.post(message);
			await vi.waitFor(() => expect(stray).toHaveBeenCalledOnce());
		},
	);

	it('does not answer an inherited name', async () => {
		const { right } = conversation();
		await expect(
			right.ask('toString' as 'readBytes', { offset: 0, length: 1 }),
		).rejects.toMatchObject({ reason: 'unknown-method' });
	});

	it('makes a missing handler, a wrong argument and an unknown method compile errors', () => {
		expectTypeOf<Parameters<HostHandlers['readBytes']>[0]>().toEqualTypeOf<{
			offset: number;
			length: number;
		}>();
		// @ts-expect-error revealCode is missing
		const handlers: HostHandlers = { readBytes: () => new Uint8Array() };
		const use = (endpoint: Endpoint<typeof pageSide, typeof hostSide>) => {
			// @ts-expect-error offset is a count
			void endpoint.ask('readBytes', { offset: 'a', length: 1 });
			// @ts-expect-error no such method
			void endpoint.ask('nope', {});
		};
		expect([typeof handlers, typeof use]).toEqual(['object', 'function']);
	});
});
