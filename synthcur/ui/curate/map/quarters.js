// The four quarters of the plane: how many rows each has, and a button that selects them.

/** Where the names of the quarters stand, in the order of `quadrantOf`. */
const CORNERS = [['right', 'top'], ['left', 'top'], ['right', 'bottom'], ['left', 'bottom']];

export class Quarters {
  /**
   * @param {HTMLElement} host what the plane is drawn in
   * @param {object} points what `unpack` returns
   * @param {(rows: Uint32Array) => void} onSelect told of the rows of a quarter
   */
  constructor(host, { p, q, n, kept, labels }, onSelect) {
    const rows = CORNERS.map(() => []);
    for (let row = 0; row < n; row++) {
      if (kept[row]) rows[quadrantOf(p[row], q[row], labels.length)].push(row);
    }
    this.sizes = rows.map((each) => each.length);
    this.buttons = CORNERS.map(([x, y], quarter) => {
      const button = element('button', `sm-quadrant ${x} ${y}`, '', {
        type: 'button', title: 'Select these rows',
      });
      button.addEventListener('click', () => onSelect(Uint32Array.from(rows[quarter])));
      // A press on the name is none on the chart below it.
      button.addEventListener('pointerdown', (event) => event.stopPropagation());
      return button;
    });
    host.append(...this.buttons);
  }

  /** Call the quarters by their names. */
  name(names) {
    this.buttons.forEach((button, i) => setText(button, `${names[i]} ${count(this.sizes[i])}`));
  }
}
