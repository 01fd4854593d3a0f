/** Tokens in each of the N chunks that a router cut T tokens into: a power of two where one fits, else the smallest size. */
export function chunkSize(T: number, N: number): number {
	const least = Math.ceil(T / N);
	const power = 2 ** Math.ceil(Math.log2(least));
	return Math.ceil(T / power) === N ? power : least;
}
