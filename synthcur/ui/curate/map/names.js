// Names of clusters on the map, each where most of its rows lie. Names are a stranger's words.

const RASTER = 32;
const MOST_NAMES = 16;
const GAP = 4;
const ASIDE = [0, 1, -1, 2, -2]; // heights by which a name may stand below or above its place

/**
 * Where the rows of every group lie closest: the middle of the fullest cell of a raster.
 * @param {{x, y}} places
 * @param {{names: string[], codes: ArrayLike<number>}} division
 * @param {{x: number[], y: number[]}} ranges of the whole map
 * @returns {{code, name, x, y}[]} the largest groups that have rows, largest first
 */
export function middlesOf({ x, y }, { names, codes }, ranges) {
  const cells = new Uint32Array(names.length * RASTER * RASTER);
  const sizes = new Uint32Array(names.length);
  const [perX, perY] = [ranges.x, ranges.y].map(([low, high]) => RASTER / (high - low));
  for (let row = 0; row < codes.length; row++) {
    const i = Math.floor((x[row] - ranges.x[0]) * perX);
    const j = Math.floor((y[row] - ranges.y[0]) * perY);
    cells[(codes[row] * RASTER + j) * RASTER + i] += 1;
    sizes[codes[row]] += 1;
  }
  const middle = (code) => {
    const own = cells.subarray(code * RASTER * RASTER, (code + 1) * RASTER * RASTER);
    const best = own.reduce((top, size, cell) => (size > own[top] ? cell : top), 0);
    return {
      code,
      name: names[code],
      x: ranges.x[0] + ((best % RASTER) + 0.5) / perX,
      y: ranges.y[0] + (Math.floor(best / RASTER) + 0.5) / perY,
    };
  };
  return names.map((_, code) => code)
    .filter((code) => sizes[code])
    .sort((one, other) => sizes[other] - sizes[one] || one - other)
    .slice(0, MOST_NAMES)
    .map(middle);
}

/** Names of the clusters that a view shows; of one that is shown alone, its own. */
export function namesShown({ state, divisions: { cluster }, points, home, memo }) {
  if (!state.namesClusters || !cluster) return [];
  const middles = memo.of('middles', [cluster], () => middlesOf(points, cluster, home));
  const isAlone = state.colour === 'cluster' && state.only !== null;
  return isAlone ? middles.filter(({ code }) => code === state.only) : middles;
}

export class Names {
  /** @param {HTMLElement} host what the map is drawn in */
  constructor(host) {
    this.node = element('div', 'sm-names', undefined, { 'aria-hidden': 'true' });
    this.middles = [];
    host.append(this.node);
  }

  /** Show these names, see `middlesOf`, once they are placed. */
  show(middles) {
    if (!isNews(this.node, middles)) return;
    this.middles = middles;
    this.node.replaceChildren(...middles.map(({ name }) => element('span', '', name)));
    this.placed = null;
  }

  /**
   * Put every name at its place in a view of the map, or a little aside where a larger group's is,
   * or the key; one that finds no room hides.
   * @param {HTMLElement} key a plate in the same host
   */
  place(view, key) {
    const { x0, y0, sx, sy, width, height } = view;
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = key;
    const plate = [offsetLeft, offsetTop, offsetWidth, offsetHeight];
    const placed = [x0, y0, sx, sy, width, height, plate].join();
    if (placed === this.placed) return;
    this.placed = placed;
    const nodes = Array.from(this.node.children);
    const sizes = nodes.map((node) => [node.offsetWidth, node.offsetHeight]);
    const taken = [plate];
    nodes.forEach((node, i) => {
      const [wide, high] = sizes[i];
      const left = (this.middles[i].x - x0) * sx - wide / 2;
      const middle = height - (this.middles[i].y - y0) * sy - high / 2;
      const top = ASIDE.map((heights) => middle + heights * (high + GAP)).find((each) =>
        left >= 0 && each >= 0 && left + wide <= width && each + high <= height
        && !taken.some((other) => isOver([left, each, wide, high], other)));
      node.style.visibility = top === undefined ? 'hidden' : '';
      node.style.transform = `translate(${left.toFixed(1)}px, ${(top ?? middle).toFixed(1)}px)`;
      if (top !== undefined) taken.push([left, top, wide, high]);
    });
  }
}

/** Whether two boxes are nearer to each other than the gap that names keep. */
function isOver([left, top, wide, high], [l, t, w, h]) {
  return left < l + w + GAP && l < left + wide + GAP && top < t + h + GAP && t < top + high + GAP;
}
