// Lines around places that lie close together: where real rows are left thin. Pure: no page.

const CELLS = 128;
const SPREAD = 0.016;
const LEVEL = 0.55;

/**
 * Segments of the lines on which the density of some rows is `LEVEL` times that of a single one.
 * @param {{x: ArrayLike<number>, y: ArrayLike<number>}} places
 * @param {number[]} rows
 * @param {{x: number[], y: number[]}} ranges of the whole map
 * @param {number} flatness height of the map as a share of its width, so that circles are round
 * @returns {number[][][]} pairs of corners, in the unit of the axes
 */
export function thinOutlines(places, rows, ranges, flatness) {
  if (!rows.length) return [];
  const size = CELLS + 1;
  const height = new Float32Array(size * size);
  const across = (value, [low, high]) => ((value - low) / (high - low)) * CELLS;
  const [reachX, reachY] = [SPREAD * CELLS, (SPREAD * CELLS) / flatness];
  const [farX, farY] = [3 * reachX, 3 * reachY];
  for (const row of rows) {
    const [x, y] = [across(places.x[row], ranges.x), across(places.y[row], ranges.y)];
    for (let j = Math.max(0, Math.ceil(y - farY)); j <= Math.min(CELLS, y + farY); j++) {
      for (let i = Math.max(0, Math.ceil(x - farX)); i <= Math.min(CELLS, x + farX); i++) {
        const squared = ((i - x) / reachX) ** 2 + ((j - y) / reachY) ** 2;
        height[j * size + i] += Math.exp(-squared / 2);
      }
    }
  }
  const back = ([i, j]) => [[i, ranges.x], [j, ranges.y]]
    .map(([cell, [low, high]]) => low + (cell / CELLS) * (high - low));
  return crossings(height, size).map((segment) => segment.map(back));
}

/** Where a level is crossed within each cell of a raster: marching squares. */
function crossings(height, size) {
  const segments = [];
  const at = (i, j) => height[j * size + i] - LEVEL;
  for (let j = 0; j < size - 1; j++) {
    for (let i = 0; i < size - 1; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const values = corners.map(([x, y]) => at(x, y));
      const points = [];
      for (let side = 0; side < 4; side++) {
        const [a, b] = [values[side], values[(side + 1) % 4]];
        if (a > 0 === b > 0) continue;
        const share = a / (a - b);
        const [one, other] = [corners[side], corners[(side + 1) % 4]];
        points.push(one.map((start, k) => start + share * (other[k] - start)));
      }
      // With four crossings the cell is a saddle; either pairing closes the lines.
      for (let k = 0; k + 1 < points.length; k += 2) segments.push([points[k], points[k + 1]]);
    }
  }
  return segments;
}
