import { Endpoint, type Port } from '../../extension/protocol/endpoint.ts';
import {
	PROTOCOL_VERSION,
	hostMethods,
	pageMethods,
	type PageState,
} from '../../extension/protocol/messages.ts';
import type { ModelSummary } from '../../extension/protocol/model.ts';
import { ProtocolError } from '../../extension/protocol/parse.ts';
import type {
	InputTensor,
	ModelInput,
	RunManifest,
	RunSummary,
} from '../../extension/protocol/run.ts';
import type { Fit, View } from '../view-api/view.ts';
import type { Card } from './card.ts';
import {
	cancelledCard,
	emptyCard,
	failedCard,
	idleCard,
	loadingCard,
	noInputCard,
	unfitCard,
	untrustedCard,
} from './cards.ts';
import { Page } from './page.ts';
import { exportPicture, type PictureFormat } from './export-picture.ts';
import { Picture } from './picture.ts';
import { summarize } from './report.ts';
import { say } from './say.ts';
import type { SavedState } from './saved-state.ts';
import { views } from './views.ts';
import { WorkerClient, type RuntimeUrls } from './worker-client.ts';

type CommandId = 'openModel' | 'runOnInput' | 'pickBackend' | 'manageTrust' | 'run' | 'goToCode';

/** How long the host may take for an answer that needs no model to run. */
const HOST_TIMEOUT_MS = 60_000;

/** The flow from a model to its picture: asks the host, runs the worker, shows the page. */
export class App {
	private readonly host: Endpoint<typeof pageMethods, typeof hostMethods>;
	private readonly page: Page;
	private readonly picture: Picture;
	private state: PageState | undefined;
	private worker: { readonly client: WorkerClient; readonly key: string } | undefined;
	private running: AbortController | undefined;
	private underWay: { readonly key: string; readonly summary: Promise<RunSummary> } | undefined;
	/** What was to be run before other inputs were tried. */
	private refused: PageState | undefined;
	private manifest: RunManifest | undefined;
	private summary: RunSummary | undefined;
	private view: View | undefined;
	/** A view that the host asked for and that has not been shown yet. */
	private wanted: PageState['view'] = null;

	constructor(
		root: HTMLElement,
		port: Port,
		private readonly urls: RuntimeUrls,
		private readonly saved: SavedState,
	) {
		this.host = new Endpoint(
			port,
			pageMethods,
			{
				showState: (state) => this.show(state),
				selectSite: ({ site }) => this.select(site),
				openView: ({ view, state }) => this.openView(view, state),
				run: () => this.run(),
				cancelRun: () => this.cancel(),
				exportPicture: ({ format }) => this.export(format),
			},
			hostMethods,
			(error) => console.error(error.message),
		);
		this.page = new Page(root, {
			run: () => this.runAndShow(),
			runOnInput: this.press('runOnInput'),
			pickView: (id) => this.tell(this.switchTo(id)),
			pickBackend: this.press('pickBackend'),
			export: (format) => this.tell(this.export(format)),
			goToCode: this.press('goToCode'),
			revealCode: (site) => this.tell(this.host.ask('revealCode', { site })),
		});
		this.picture = new Picture(
			this.page,
			saved,
			(site) => this.tell(this.host.ask('selectSite', { site }, { timeoutMs: HOST_TIMEOUT_MS })),
			() => this.tell(this.report()),
		);
	}

	/** Tells the host that the page listens, and shows what it answers. */
	async start(): Promise<void> {
		try {
			this.show(
				await this.host.ask('ready', { version: PROTOCOL_VERSION }, { timeoutMs: HOST_TIMEOUT_MS }),
			);
		} catch (error) {
			this.fail(error);
		}
	}

	private show(state: PageState): void {
		const before = this.state;
		this.state = state;
		if (state.view) this.wanted = state.view;
		const { model, problem } = state;
		this.page.showModel(model?.name ?? 'Attnscope');
		if (!this.manifest) this.page.showBackend(undefined);
		const changed = runKeyOf(before) !== runKeyOf(state);
		if (!changed && this.summary && before?.trusted === state.trusted) {
			if (state.site !== null) this.select(state.site);
			return;
		}
		if (keyOf(before) !== keyOf(state)) this.dropWorker();
		if (problem !== null)
			this.showFailure(say('The model could not be opened'), problem, 'openModel');
		else if (!model) this.wait(emptyCard(this.press('openModel')));
		else if (!state.trusted) this.wait(untrustedCard(model, this.press('manageTrust')));
		else if (!this.fitting().length) this.wait(unfitCard(model, views));
		else if (!state.input) this.wait(noInputCard(state.inputNote, this.press('runOnInput')));
		else if (state.runAtOnce || this.saved.hasRun(model.uri)) this.runAndShow();
		else this.wait(idleCard(model, () => this.runAndShow()));
	}

	/**
	 * Runs the model; who asks while the same run is under way gets that one.
	 * @returns the numbers of the run. @throws what made it fail, after showing it
	 */
	private run(): Promise<RunSummary> {
		const key = runKeyOf(this.state);
		if (this.underWay?.key === key) return this.underWay.summary;
		const summary = this.runAnew().finally(() => {
			if (this.underWay?.summary === summary) this.underWay = undefined;
		});
		this.underWay = { key, summary };
		return summary;
	}

	private async runAnew(): Promise<RunSummary> {
		this.cancel();
		const { state } = this;
		if (!state?.model || !state.input || !state.trusted) {
			throw new ProtocolError(
				'failed',
				say('There is nothing to run: no model, no input, or no trust.'),
			);
		}
		const { model, input } = state;
		const running = new AbortController();
		this.running = running;
		const { signal } = running;
		try {
			this.progress(say('Preparing the run'), null, null);
			const taps = [...new Set(this.fitting().flatMap((view) => view.taps(model)))];
			const plan = await this.host.ask('planProbes', { taps, overrides: [] }, { signal });
			const client = await this.workerFor(state, signal);
			this.manifest = await client.run(
				{
					model,
					plan,
					input,
					choice: state.backend,
					loadMilliseconds: client.loadMilliseconds,
				},
				signal,
			);
			this.refused = undefined;
			this.page.showBackend(this.manifest);
			this.saved.ran(model.uri);
			const id = this.wanted?.id ?? this.saved.view(model.uri) ?? this.firstView(model).id;
			await this.open(id, signal);
			this.running = undefined;
			this.status('ready', '');
			return await this.report();
		} catch (error) {
			// a newer run took over: its pages are the ones to show
			if (this.running !== running && this.running !== undefined) throw error;
			this.running = undefined;
			if (signal.aborted) this.wait(cancelledCard(() => this.runAndShow()));
			else this.fail(error);
			throw error;
		}
	}

	/** A page that has not run yet shows the view when it has. */
	private async openView(id: string, state: unknown): Promise<void> {
		if (!this.summary) this.wanted = { id, state };
		else if (this.view?.id !== id) await this.switchTo(id);
		if (this.view?.id === id) this.picture.set(asFields(state));
	}

	/** Shows another view of the same run. */
	private async switchTo(id: string): Promise<void> {
		this.cancel();
		const running = new AbortController();
		this.running = running;
		try {
			this.progress(say('Computing the picture'), null, null);
			await this.open(id, running.signal);
			this.running = undefined;
			this.status('ready', '');
			await this.report();
		} catch (error) {
			if (this.running !== running) return;
			this.running = undefined;
			this.fail(error);
		}
	}

	private async report(): Promise<RunSummary> {
		this.summary = summarize(this.manifest!, this.view!.id, this.picture.view!);
		await this.host.ask('reportRun', this.summary, { timeoutMs: HOST_TIMEOUT_MS });
		return this.summary;
	}

	private async open(id: string, signal: AbortSignal): Promise<void> {
		const { state, worker, manifest } = this;
		if (!state?.model || !worker || !manifest) return;
		const fitting = this.fitting();
		this.view = fitting.find((view) => view.id === id) ?? fitting[0]!;
		const { view } = this;
		const data = await worker.client.compute(view.id, signal);
		this.page.showResult(fitting, view.id);
		this.page.showInput(state.inputNote);
		const site = state.model.sites.find((candidate) => candidate.id === state.site);
		this.picture.show(view, data, state.model, worker.client, site);
		if (this.wanted?.id === view.id) this.picture.set(asFields(this.wanted.state));
		this.wanted = null;
	}

	private async workerFor(state: PageState, signal: AbortSignal): Promise<WorkerClient> {
		const key = keyOf(state);
		if (this.worker?.key === key) return this.worker.client;
		this.dropWorker();
		const client = await WorkerClient.start(
			this.urls,
			state.model!,
			(location, offset, length, stop) =>
				location === undefined
					? this.host.ask('readBytes', { offset, length }, { signal: stop })
					: this.host.ask('readExternal', { location, offset, length }, { signal: stop }),
			{
				progress: (message, done, total) => {
					if (this.running) this.progress(message, done, total);
				},
				deviceLost: (reason) => this.loseDevice(reason),
				planProbes: (request, stop) => this.host.ask('planProbes', request, { signal: stop }),
				files: {
					list: () => this.host.ask('listFiles', {}),
					describe: (path) => this.host.ask('describeFile', { path }),
					read: (path, name) => this.host.ask('readArray', { path, name }),
					pick: () => this.host.ask('pickFile', {}),
				},
				models: {
					list: () => this.host.ask('listModels', {}),
					summary: (uri) => this.host.ask('describeModel', { uri }),
					read: (uri, offset, length) => this.host.ask('readModel', { uri, offset, length }),
					planProbes: (uri, request) => this.host.ask('planModel', { uri, request }),
				},
				findTensors: (search, stop) => this.host.ask('findTensors', search, { signal: stop }),
				otherInput: (why, stop) => this.runInstead(why, stop),
			},
			signal,
		);
		this.worker = { client, key };
		return client;
	}

	/** The run goes on with another made-up input, and is the run of that one from then on. */
	private async runInstead(why: string, signal: AbortSignal): Promise<ModelInput | null> {
		const input = await this.host.ask('otherInput', { why }, { signal });
		if (!this.state) return null;
		this.refused ??= this.state;
		const { input: first, inputNote } = this.refused;
		this.state = {
			...this.state,
			...(input ? { input, inputNote: input.note } : { input: first, inputNote }),
		};
		if (!input) this.refused = undefined;
		if (this.underWay) this.underWay = { ...this.underWay, key: runKeyOf(this.state) };
		return input;
	}

	private select(id: string): void {
		const site = this.state?.model?.sites.find((candidate) => candidate.id === id);
		if (site) this.picture.focus(site);
	}

	private async export(format: PictureFormat): Promise<void> {
		const { view, scene, theme } = this.picture;
		if (!view || !scene || !this.manifest || !this.view) {
			throw new ProtocolError(
				'failed',
				say('There is no picture to export yet: run the model first.'),
			);
		}
		const file = await exportPicture(format, view, this.view.id, scene, theme, this.manifest);
		await this.host.ask('saveFile', file);
	}

	private cancel(): void {
		if (!this.running) return;
		this.underWay = undefined;
		this.running.abort();
		this.dropWorker();
	}

	private dropWorker(): void {
		this.worker?.client.dispose();
		this.worker = undefined;
		this.summary = undefined;
		this.picture.clear();
	}

	private loseDevice(reason: string): void {
		this.running?.abort();
		this.dropWorker();
		this.showFailure(
			say('The GPU device was lost'),
			say(
				'{0}. Nothing of the model is gone; run it again, or pick WASM as the backend.',
				reason.replace(/\.+$/, ''),
			),
			'run',
		);
	}

	private fitting(): View[] {
		const model = this.state?.model;
		return model ? views.filter((view) => view.fit(model).fits) : [];
	}

	/** The view that says the model is about what it shows, else the first that fits. */
	private firstView(model: ModelSummary): View {
		const fitting = this.fitting();
		const isFirst = (fit: Fit) => fit.fits && fit.first === true;
		return fitting.find((view) => isFirst(view.fit(model))) ?? fitting[0]!;
	}

	/** Runs; whatever makes it fail is on the page already. */
	private runAndShow(): void {
		this.run().catch(() => undefined);
	}

	private wait(card: Card): void {
		this.page.showCard(card, this.state?.model?.sites);
		this.status('idle', card.title);
	}

	private progress(message: string, done: number | null, total: number | null): void {
		this.page.showCard(loadingCard(message, done, total, () => this.cancel()));
		this.status('running', message);
	}

	private fail(error: unknown): void {
		const words = error instanceof Error ? error.message : String(error);
		this.dropWorker();
		this.showFailure(say('The run failed'), words, 'run');
	}

	private showFailure(title: string, text: string, retry: 'run' | 'openModel'): void {
		const press = retry === 'run' ? () => this.runAndShow() : this.press(retry);
		const label = retry === 'run' ? say('Run again') : say('Open another model…');
		const another = {
			label: say('Run on another input'),
			icon: 'symbol-string',
			press: this.press('runOnInput'),
		};
		const card = failedCard(title, text, label, press);
		this.page.showCard(retry === 'run' ? { ...card, another } : card, this.state?.model?.sites);
		this.status('failed', text);
	}

	private status(phase: 'idle' | 'running' | 'ready' | 'failed', message: string): void {
		const { manifest } = this;
		const backend = manifest
			? manifest.backend === 'webgpu'
				? `WebGPU · ${manifest.adapter}`
				: 'WASM'
			: '';
		this.tell(this.host.ask('reportStatus', { phase, backend, message }));
	}

	private press(id: CommandId): () => void {
		return () => this.tell(this.host.ask('command', { id }));
	}

	/** For what the host is told and the page does not wait for. */
	private tell(answer: Promise<unknown>): void {
		answer.catch((error: unknown) => console.warn(String(error)));
	}
}

/** Fields of a view's state, whatever came. */
function asFields(state: unknown): Readonly<Record<string, unknown>> {
	return typeof state === 'object' && state !== null ? (state as Record<string, unknown>) : {};
}

function keyOf(state: PageState | undefined): string {
	return state?.model ? `${state.model.uri}@${state.model.version}@${state.backend}` : '';
}

/** Changes with whatever makes a run another one. */
function runKeyOf(state: PageState | undefined): string {
	return `${keyOf(state)} ${JSON.stringify(state?.input?.tensors.map(inputKey) ?? null)}`;
}

function inputKey({ name, dtype, shape, data }: InputTensor): unknown {
	return [name, dtype, shape, Array.from(data)];
}
