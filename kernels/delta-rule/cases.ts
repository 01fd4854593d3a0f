/** RMS error over RMS of the float64 reference. */
export const tolerances = { weights: 4e-6, statistics: 2e-5 };
