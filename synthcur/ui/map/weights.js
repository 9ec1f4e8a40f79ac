// From P' and Q to weights: the same order of operations as synthcur/weighting.py, which a test
// compares with this file. Pure: no page, no chart.

export const SMALLEST_PROBABILITY = 1e-12;

const logOf = (probability) => Math.log(Math.max(probability, SMALLEST_PROBABILITY));

/** Logarithms of probabilities, as both checkers' are read. */
export const logsOf = (probabilities) => Float64Array.from(probabilities, logOf);

/** Logarithm of the rule's ratio, before clip, floor and normalisation. */
export function logRatio(logP, logQ, settings) {
  if (settings.rule === 'ce') return 0;
  const value = settings.quality_exponent * logP;
  if (settings.rule === 'imp') return value - settings.diversity_exponent * logQ;
  if (settings.rule === 'dimp') {
    return value + settings.diversity_exponent * Math.log(settings.n_labels);
  }
  return value;
}

/** Weight of a log ratio after clip and floor. */
export function finish(logWeight, settings) {
  const low = settings.clip_low ?? -Infinity;
  const high = settings.clip_high ?? Infinity;
  const clipped = Math.min(Math.max(logWeight, low), high);
  return settings.floor + (1 - settings.floor) * Math.exp(clipped);
}

/**
 * Weights of n rows.
 * @param {Float64Array} logP logarithm of the quality of each row's own label, P'
 * @param {Float64Array} logQ logarithm of the diversity checker's probability of the same label, Q
 * @param {Uint8Array} kept 0 for rows that decisions left out: they weigh NaN and count nowhere
 * @param {object} settings fields of WeightingSettings and n_labels
 * @returns {{weights: Float64Array, mean: number}} mean is the divisor, 1 unless normalised
 */
export function sampleWeights(logP, logQ, kept, settings) {
  const weights = new Float64Array(kept.length);
  let total = 0;
  let rows = 0;
  for (let i = 0; i < weights.length; i++) {
    weights[i] = kept[i] ? finish(logRatio(logP[i], logQ[i], settings), settings) : NaN;
    if (kept[i]) {
      total += weights[i];
      rows += 1;
    }
  }
  const mean = settings.normalise && total > 0 ? total / rows : 1;
  if (mean !== 1) for (let i = 0; i < weights.length; i++) weights[i] /= mean;
  return { weights, mean };
}

/** Step of each weight: how many of the nine inner edges (logarithms) are at or below it. */
export function weightSteps(weights, edges) {
  const steps = new Uint8Array(weights.length);
  for (let i = 0; i < steps.length; i++) {
    const logWeight = logOf(weights[i]);
    while (steps[i] < edges.length && logWeight >= edges[steps[i]]) steps[i] += 1;
  }
  return steps;
}

/** Rows in each of `steps` steps; rows that are left out are not counted. */
export function stepCounts(weights, edges) {
  const counts = new Array(edges.length + 1).fill(0);
  const steps = weightSteps(weights, edges);
  for (let i = 0; i < steps.length; i++) if (!Number.isNaN(weights[i])) counts[steps[i]] += 1;
  return counts;
}

/**
 * Log ratio at which a row weighs `weight` when all is applied, or null where clip or floor
 * allow no such row.
 */
export function logRatioOf(weight, settings, mean) {
  const beforeFloor = (weight * mean - settings.floor) / (1 - settings.floor);
  if (!(beforeFloor > 0) || !Number.isFinite(beforeFloor)) return null;
  const value = Math.log(beforeFloor);
  const low = settings.clip_low ?? -Infinity;
  const high = settings.clip_high ?? Infinity;
  return value >= low && value <= high ? value : null;
}

/** Middle value of some numbers, NaN of none. */
export function median(values) {
  if (!values.length) return NaN;
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
