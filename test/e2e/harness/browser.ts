import { chromium, type Browser } from 'playwright-core';

const executablePath = process.env.ATTNSCOPE_CHROMIUM ?? '/usr/bin/chromium';

/**
 * @param webgpu whether pages get `navigator.gpu`, on the software adapter; without it they have to manage on WASM
 */
export function launchBrowser(webgpu: boolean): Promise<Browser> {
	const gpu = webgpu
		? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']
		: ['--disable-features=WebGPU', '--disable-blink-features=WebGPU'];
	return chromium.launch({
		executablePath,
		args: [
			...gpu,
			// Root may not use Chromium's sandbox, and continuous integration is root
			'--no-sandbox',
			// Nothing of the browser's own goes out, and no name but this machine's is found
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
			'--no-first-run',
			'--disable-quic',
			'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
		],
	});
}
