import './app.css';
import { App } from './app.ts';
import { hostPort } from './host-port.ts';
import { SavedState } from './saved-state.ts';
import { speak } from './say.ts';
import { registerControls } from './toolkit.ts';

/** What the host's page says of where things are. */
function required(root: HTMLElement, name: string): string {
	const value = root.dataset[name];
	if (value === undefined) throw new Error(`The page's root lacks data-${name}.`);
	return value;
}

const root = document.getElementById('attnscope');
if (!root) throw new Error('The page has no element named "attnscope".');
registerControls();
speak(root.dataset['words']);
const api = acquireVsCodeApi();
const urls = {
	worker: required(root, 'worker'),
	wasm: required(root, 'wasm'),
};
void new App(root, hostPort(api), urls, new SavedState(api)).start();
