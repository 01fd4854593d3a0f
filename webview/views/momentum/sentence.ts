import { counted, significant } from '../../view-api/format.ts';
import type { Causality } from './causality.ts';
import type { MomentumData } from './compute.ts';
import type { Dialled } from './dial.ts';

const signed = (value: number) => `${value < 0 ? '−' : '+'}${significant(Math.abs(value))}`;

/** What momentum does in this model, in one sentence. */
export function modelSentence(data: MomentumData, without: Dialled | undefined): string {
	const { depth, layers, answers } = data;
	const count = counted(layers.length || depth.layers.length, 'layer');
	const loss = answers?.loss;
	if (!data.hasVelocity) {
		const last = depth.stages.at(-1);
		const first = depth.stages[0];
		const grown = first && last ? `: positions grow from ${significant(first.size)} to ${significant(last.size)} in length` : ''; // prettier-ignore
		return `The tokens of this model have no velocity; they take ${count} of displacement${grown}.`;
	}
	const cosines = depth.stages.flatMap(({ cosine, kind }) => (kind === 'attention' && cosine !== null ? [cosine] : [])); // prettier-ignore
	const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
	const aligned = `tokens carry a velocity through ${count}; on the way in it has a cosine of ${significant(mean)} with attention’s force on average`; // prettier-ignore
	if (!without) return `${capital(aligned)}.`;
	const other = without.answers?.loss;
	const cost = loss != null && other != null ? ` the same model with its velocities taken away predicts at a loss of ${significant(other)} instead of ${significant(loss)} nats` : ` the same model runs on with its velocities taken away`; // prettier-ignore
	return `${capital(aligned)};${cost}, which it was not trained for.`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function dialSentence(data: MomentumData, dialled: Dialled): string {
	const { answers, momentum, changed } = dialled;
	const before = data.answers;
	if (!answers || !before) return `Momentum × ${momentum}: the model has no logits to compare.`;
	const loss = answers.loss !== null && before.loss !== null ? `loss ${significant(answers.loss)} nats (${signed(answers.loss - before.loss)}), ` : ''; // prettier-ignore
	const right = before.asked > 0 ? `${answers.right} of ${answers.asked} predictions right (${before.right} as trained), ` : ''; // prettier-ignore
	const entropies = (depth: MomentumData['depth']) => {
		const known = depth.layers.flatMap(({ mixing }) => (mixing ? [mixing.entropy] : []));
		return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
	};
	const [own, now] = [entropies(data.depth), entropies(dialled.depth)];
	const spread = own !== null && now !== null ? `; attention’s entropy goes from ${significant(own)} to ${significant(now)} nats` : ''; // prettier-ignore
	return `Momentum × ${momentum}: ${loss}${right}${counted(changed, 'prediction')} of ${before.given.length} change${spread}.`; // prettier-ignore
}

/** The badge: what was tried, and where it leaks. */
export function causalitySentence({ causal, cut, tokens, trials }: Causality): string {
	const leaking = trials.find(({ leaks }) => leaks);
	const untried = trials.find(({ moved }) => moved === null);
	const note = untried ? ` ${untried.reason}` : '';
	if (leaking) {
		const change = leaking.change === 'tokens' ? 'other tokens from there on' : `the sequence ends there instead of at ${tokens}`; // prettier-ignore
		const where = leaking.where === '' ? 'no tensor that was read tells where' : `the first place that moves is ${leaking.where}`; // prettier-ignore
		return `Not causal: outputs before token ${cut} move by ${significant(leaking.moved!)} of the largest when ${change}; ${where}.${note}`; // prettier-ignore
	}
	if (!causal) return `Causality could not be tried.${note}`;
	const moved = trials.flatMap((trial) => (trial.moved === null ? [] : [trial]));
	const words = moved.map(({ change, moved: by }) => {
		const what = change === 'tokens' ? 'changing all later tokens' : `leaving them away`;
		return `${what} ${by === 0 ? 'leaves them the same to the bit' : `moves them by ${significant(by!)} of the largest (sums of another order)`}`; // prettier-ignore
	});
	return `Causal on this input: outputs before token ${cut} do not depend on later ones; ${words.join(', ')}.${note}`; // prettier-ignore
}
