import { InputError } from './input-error.ts';
import { decodePng, isPng, type Pixels } from './png.ts';

/** Whether a file's name is that of a picture that can be read. */
export const isPicture = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/** A PNG or JPEG file's picture, told by its first bytes. @throws InputError `malformed` */
export async function decodePicture(bytes: Uint8Array, file: string): Promise<Pixels> {
	if (isPng(bytes)) return decodePng(bytes, file);
	if (bytes[0] !== 0xff || bytes[1] !== 0xd8)
		throw new InputError(
			'malformed',
			`${file}: expected a PNG or JPEG picture, and the first bytes are something else`,
		);
	const { decode } = await import('jpeg-js');
	try {
		const { width, height, data } = decode(bytes, {
			useTArray: true,
			formatAsRGBA: true,
			maxMemoryUsageInMB: 512,
			maxResolutionInMP: 64,
		});
		return { width, height, rgba: data };
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new InputError('malformed', `${file} is a JPEG picture that cannot be read: ${why}`);
	}
}
