// Work that need not be done again. A move of a slider changes weights and little else; everything
// that is made or painted anew without need costs a part of the time in which the map follows.

/** Remembers the last result of each piece of work, while it is asked of the same inputs. */
export class Memo {
  #known = new Map();

  /**
   * @param {string} name of the piece of work
   * @param {Array} inputs compared one by one; arrays and objects by identity
   * @param {() => T} make
   * @returns {T}
   * @template T
   */
  of(name, inputs, make) {
    const last = this.#known.get(name);
    if (last && inputs.every((each, i) => Object.is(each, last.inputs[i]))) return last.made;
    const made = make();
    this.#known.set(name, { inputs, made });
    return made;
  }
}

const said = new WeakMap();

/** Whether a node is to be filled with other content than it was last; it is taken to be. */
export function isNews(node, content) {
  const words = JSON.stringify(content);
  if (said.get(node) === words) return false;
  said.set(node, words);
  return true;
}

/** Set the text of a node; the same text again would be painted again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
