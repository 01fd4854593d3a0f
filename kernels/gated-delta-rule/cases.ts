/**
 * RMS error over RMS of the float64 reference. SwiftShader measures at most 1.9e-7 step by step (K = 65) and 4.8e-7 in
 * chunks (keys that resemble each other); this leaves eightfold.
 */
export const tolerances = { weights: 4e-6, statistics: 2e-5 };
