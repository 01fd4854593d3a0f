import type { Backend, BackendChoice } from '../../extension/protocol/run.ts';

/** Where a model runs, and why there. */
export interface ChosenBackend {
	readonly backend: Backend;
	/** One sentence for people. */
	readonly reason: string;
	/** The GPU as it names itself; empty on WASM. */
	readonly adapter: string;
}

/** WebGPU wherever an adapter is granted, else WASM with the reason. Never throws: WASM runs everywhere. */
export async function chooseBackend(
	choice: BackendChoice,
	gpu: GPU | undefined,
): Promise<ChosenBackend> {
	if (choice === 'wasm') return onWasm('WASM was asked for.');
	if (!gpu) return onWasm('This window has no WebGPU (navigator.gpu is missing).');
	try {
		const adapter = await gpu.requestAdapter();
		if (!adapter) return onWasm('WebGPU is there but offers no adapter on this machine.');
		return {
			backend: 'webgpu',
			reason: choice === 'webgpu' ? 'WebGPU was asked for.' : 'WebGPU offers an adapter.',
			adapter: describeAdapter(adapter.info),
		};
	} catch (error) {
		return onWasm(`WebGPU refused an adapter: ${wordsOf(error)}`);
	}
}

export function onWasm(reason: string): ChosenBackend {
	return { backend: 'wasm', reason, adapter: '' };
}

export function wordsOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

function describeAdapter({ vendor, architecture, description }: GPUAdapterInfo): string {
	const named = [vendor, architecture].filter((part) => part !== '').join(' ');
	return named === '' ? description || 'unnamed adapter' : named;
}
