/**
 * Vectors as sums of a few features: codes for given features, features learned from the vectors, and whether either
 * can be trusted. On the CPU, in float64.
 */
export { judgeGiven, learnAndJudge, type Judgement, type Learned } from './judge.ts';
export { learnDictionary, matchFeatures, type Learning } from './learn-dictionary.ts';
export { centred, unitRows, type Rows } from './rows.ts';
export { sparseCode, type SparseCode } from './sparse-code.ts';
