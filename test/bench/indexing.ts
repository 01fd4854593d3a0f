import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { fileSource } from '../../extension/onnx/file-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { writeLargeModel } from '../models/build-large-model.ts';

// Indexing a model of 1.6 GB against decoding it whole, each in a process of its own so that its memory can be told.

const RUNS = { walk: 100, whole: 3 };
type Way = keyof typeof RUNS;

interface Measured {
	/** Milliseconds: the first run, the middle one, and the one that other work on the machine disturbed least. */
	readonly first: number;
	readonly median: number;
	readonly least: number;
	readonly bytesRead: number;
	/** Most memory resident at any time of the first run, bytes; a Node process without work has about 45 MB. */
	readonly resident: number;
	readonly nodes: number;
}

const [, program, way, path] = process.argv;
if (way === 'walk' || way === 'whole') console.log(JSON.stringify(await measure(way, path!)));
else console.log(JSON.stringify(await compare(), null, 0));

async function compare() {
	const folder = await mkdtemp(join(tmpdir(), 'attnscope-bench-'));
	try {
		const file = join(folder, 'large.onnx');
		const model = await writeLargeModel(file, { layers: 24, width: 1024, vocabulary: 50_257 });
		const whole = inChild('whole', file);
		const walk = inChild('walk', file);
		const timesFaster = Math.floor(whole.least / walk.least);
		const share = walk.bytesRead / model.bytes;
		const found = walk.nodes === model.nodes && whole.nodes === model.nodes;
		const met = found && timesFaster >= 100 && share < 1e-3 && walk.resident < 100e6;
		return { model, walk, whole, timesFaster, shareOfFileRead: share, met };
	} finally {
		await rm(folder, { recursive: true });
	}
}

function inChild(way: Way, file: string): Measured {
	const answer = execFileSync(process.execPath, ['--expose-gc', program!, way, file], {
		encoding: 'utf8',
	});
	return JSON.parse(answer) as Measured;
}

async function measure(way: Way, file: string): Promise<Measured> {
	const act = way === 'walk' ? walkOnce : wholeOnce;
	const times: number[] = [];
	let resident = 0;
	let last = { bytesRead: 0, nodes: 0 };
	for (let i = 0; i < RUNS[way]; i++) {
		globalThis.gc?.();
		const started = performance.now();
		last = await act(file);
		times.push(performance.now() - started);
		if (i === 0) resident = process.resourceUsage().maxRSS * 1024;
	}
	const first = times[0]!;
	times.sort((a, b) => a - b);
	const median = times[Math.floor(times.length / 2)]!;
	return { first, median, least: times[0]!, resident, ...last };
}

async function walkOnce(file: string) {
	const source = await fileSource(file);
	try {
		const { bytesRead, graph } = await indexModel(source);
		return { bytesRead, nodes: graph.nodes.length };
	} finally {
		await source.close();
	}
}

function wholeOnce(file: string) {
	const bytes = readFileSync(file);
	const model = fromBinary(ModelProtoSchema, bytes);
	return Promise.resolve({ bytesRead: bytes.length, nodes: model.graph!.node.length });
}
