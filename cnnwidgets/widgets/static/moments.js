// @ts-check
// The recorded moments of a training.

/**
 * The place of the recorded step nearest to `step`; the last one for none.
 * @param {number[]} steps @param {number | null} step
 */
export function nearest(steps, step) {
  if (step === null) return Math.max(0, steps.length - 1);
  return steps.reduce((best, other, i) => (Math.abs(other - step) < Math.abs(steps[best] - step) ? i : best), 0);
}
