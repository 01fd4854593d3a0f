/** RMS error over RMS of the float64 reference. SwiftShader measures at most 2.0e-7 (K = 65); this leaves tenfold. */
export const tolerances = { weights: 4e-6, statistics: 2e-5 };
