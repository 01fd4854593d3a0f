import type { Port } from '../../extension/protocol/endpoint.ts';

/** The channel to the extension host. */
export function hostPort(api: { postMessage(message: unknown): void }): Port {
	return {
		post: (message) => api.postMessage(message),
		listen: (receive) => {
			const hear = ({ data }: MessageEvent) => receive(data);
			window.addEventListener('message', hear);
			return () => window.removeEventListener('message', hear);
		},
	};
}

export function workerPort(worker: Worker): Port {
	return {
		post: (message, transfer) => worker.postMessage(message, transfer ?? []),
		listen: (receive) => {
			const hear = ({ data }: MessageEvent) => receive(data);
			worker.addEventListener('message', hear);
			return () => worker.removeEventListener('message', hear);
		},
	};
}
