// Weights of the rows of a map under the settings of the moment, each found once.

export class Weighing {
  #memo = new Memo();

  /** @param {object} points what `unpack` returns, with the logarithms of P' and Q */
  constructor({ logP, logQ, n, label, kept, copies, real_shares: realShares }) {
    const synthetic = (column) => column.subarray(0, n);
    this.rows = {
      logP: synthetic(logP), logQ, label: synthetic(label), kept: synthetic(kept), copies, realShares,
    };
  }

  /**
   * @param {{settings: object, baseline: object|null, edges: number[]}} control
   * @returns {object} weights and scale as `sampleWeights` returns them, steps and counts of the
   *   weights, and before: counts under the baseline, or null. The same arrays for the same settings.
   */
  under({ settings, baseline, edges }) {
    const found = this.#memo.of('weights', [JSON.stringify(settings)], () =>
      sampleWeights(this.rows, settings));
    const steps = this.#memo.of('steps', [found], () => weightSteps(found.weights, edges));
    const counts = this.#memo.of('counts', [steps], () => stepCounts(found.weights, steps, edges));
    const before = baseline && this.#memo.of('before', [JSON.stringify(baseline)], () => {
      const { weights } = sampleWeights(this.rows, baseline);
      return stepCounts(weights, weightSteps(weights, edges), edges);
    });
    return { ...found, steps, counts, before };
  }
}
