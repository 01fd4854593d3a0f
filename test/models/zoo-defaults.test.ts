import { readFileSync, readdirSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { expect, it } from 'vitest';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { makeInput } from '../../extension/workspace/make-input.ts';
import { OtherInputs } from '../../extension/workspace/other-inputs.ts';
import { graphQuestions } from '../../extension/attention/graph-questions.ts';
import { planProbes } from '../../extension/onnx/probes.ts';
import { summarizeModel } from '../../extension/workspace/model-summary.ts';
import { ModelBytes } from '../../webview/runtime/model-bytes.ts';
import { ModelRuntime } from '../../webview/runtime/model-runtime.ts';

/** Graphs that onnxruntime-web does not run on any input, and what it has against them. */
const refused: Readonly<Record<string, RegExp>> = {
	'beam-search': /Invalid GPT-2 subgraph/,
	'fused-attention-with-past-not-handed-on': /does not support past_key provided and present_key/,
	'fused-attention-in-a-window': /Unrecognized attribute: left_window_size/,
	'fused-attention-in-a-window-to-both-sides': /Unrecognized attribute: left_window_size/,
	'fused-decoder': /has no kernel for the operator DecoderAttention/,
	'fused-decoder-step-of-packed-weights':
		/has no kernel for the operator DecoderMaskedSelfAttention/,
	// its mask has one key less than its buffer: 7 keys stand already, which no shape says
	'fused-decoder-step-with-bias': /'key_padding_mask' shape is not expected/,
	'fused-flexible': /does not know the operator ai.onnx.preview:FlexAttention/,
	'fused-flexible-capped-and-causal': /does not know the operator ai.onnx.preview:FlexAttention/,
	'fused-grouped-queries-with-norms': /only on the CUDA and WebGPU EPs/,
	'fused-long-sequences': /has no kernel for the operator LongformerAttention/,
	'fused-many-heads-packed': /Packed QKV .* not implemented for CPU/,
	'fused-many-heads-packed-keys': /Packed KV not implemented for CPU/,
	'fused-many-heads-packed-with-bias': /Packed QKV .* not implemented for CPU/,
	'fused-many-heads-without-padding': /has no kernel for the operator PackedMultiHeadAttention/,
	'fused-paged': /Type 'tensor\(float\)' of input parameter \(q\)/,
	'fused-sparse': /present_key->DataRaw/,
	'fused-without-padding': /has no kernel for the operator PackedAttention/,
	'greedy-search': /Invalid GPT-2 subgraph/,
	'optimised-products': /has no kernel for the operator BiasSoftmax \(node BiasSoftmax_12\)/,
	sampling: /Invalid GPT-2 subgraph/,
	'trained-forth-and-back': /does not know the operator com.microsoft:DropoutGrad/,
};

const zoo = new URL('zoo/', import.meta.url);
const names = readdirSync(zoo).filter((name) => name.endsWith('.onnx'));
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

it.each(names)('%s runs on an input made from names, types and shapes', async (name) => {
	const file = new Uint8Array(readFileSync(new URL(name, zoo)));
	const index = await indexModel(bytesSource(file));
	const bytes = new ModelBytes(file.length);
	bytes.put(0, file);
	const model = summarizeModel({ uri: name, name, version: '1', index, sites: [] }, []);
	const runtime = new ModelRuntime({ ort, gpu: undefined }, [], graphQuestions(index), 'test');
	const plan = planProbes(index, { taps: [], overrides: [] });
	const others = new OtherInputs(index);
	const otherInput = (why: string) => Promise.resolve(others.next(why));
	const input = makeInput(index);
	const request = { model, plan, input, otherInput, choice: 'wasm', loadMilliseconds: 0 } as const;
	const run = runtime.run(bytes, request, () => undefined);
	const why = refused[name.replace('.onnx', '')];
	if (why) await expect(run).rejects.toThrow(why);
	else await expect(run).resolves.toMatchObject({ backend: 'wasm' });
});
