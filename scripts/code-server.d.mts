/** An editor on this machine: the Node that runs it and its first script. */
export interface InstalledEditor {
	/** Of code-server; its VS Code has the same minor number. */
	readonly version: string;
	readonly node: string;
	readonly entry: string;
}

export interface ServerOptions {
	readonly editor: InstalledEditor;
	/** An empty folder for everything that the server writes beside extensions. */
	readonly home: string;
	readonly extensionsFolder: string;
	/** The user's settings.json. */
	readonly settings: Readonly<Record<string, unknown>>;
	/** Whether the editor asks before it trusts a folder. */
	readonly asksForTrust?: boolean;
	/** 0, or absent, for any free port. */
	readonly port?: number;
}

export interface RunningServer {
	/** `http://127.0.0.1:PORT/` */
	readonly url: string;
	/** All that it printed so far. */
	log(): string;
	/** Ends the server with everything that it started. */
	stop(): Promise<void>;
	/** Settles when the server has ended, by itself or stopped. */
	readonly ended: Promise<void>;
}

/** @throws Error with the server's output, when it ends or stays silent for a minute instead of listening */
export function startCodeServer(options: ServerOptions): Promise<RunningServer>;

/** Installs a packaged extension into a folder that any number of servers may then use. */
export function installExtension(
	options: Pick<ServerOptions, 'editor' | 'home' | 'extensionsFolder'>,
	vsix: string,
): Promise<void>;
