import type * as vscode from 'vscode';
import type { Port } from '../protocol/endpoint.ts';

/** The channel to the page of a webview. */
export function webviewPort(webview: vscode.Webview, failed: (error: unknown) => void): Port {
	return {
		post: (message) => {
			// a page that is gone has nothing to hear; whoever waits for its answer is told by the endpoint
			webview.postMessage(message).then(undefined, failed);
		},
		listen: (receive) => {
			const subscription = webview.onDidReceiveMessage(receive);
			return () => void subscription.dispose();
		},
	};
}
