// Which key does what: the usual keys, and those that a person has chosen in their place.

const CHOSEN = 'synthcur.review.keys';
const FIXED = /^[0-9crCR]$/; // digits choose labels; c and r belong to Streamlit

/** Usual name of every key that can be replaced. */
export const REPLACEABLE = [...'jkaxsenfhguUmo?'];

/** Keys chosen by a person, kept in this browser: usual name to the key in its place. */
export class Keys {
  constructor() {
    this.chosen = {};
    try {
      const kept = JSON.parse(localStorage.getItem(CHOSEN) ?? '{}');
      for (const [usual, name] of Object.entries(kept)) this.choose(usual, name);
    } catch {
      // Without storage the usual keys hold.
    }
  }

  /** The key to press for what `usual` does. */
  shown(usual) {
    return this.chosen[usual] ?? usual;
  }

  /** What a pressed key stands for; undefined if its usual meaning has moved to another key. */
  meaning(name) {
    const usual = REPLACEABLE.find((each) => this.shown(each) === name);
    return usual ?? (REPLACEABLE.includes(name) ? undefined : name);
  }

  /** Put a key in the place of a usual one; return what speaks against it, '' if it is done. */
  choose(usual, name) {
    if (!REPLACEABLE.includes(usual)) return 'This key cannot be replaced.';
    if (typeof name !== 'string' || [...name].length !== 1 || name === ' ' || FIXED.test(name)) {
      return 'Take a letter or a sign, but not c, r or a digit.';
    }
    const other = REPLACEABLE.find((each) => each !== usual && this.shown(each) === name);
    if (other) return `${name} already does something else.`;
    if (usual === name) delete this.chosen[usual];
    else this.chosen[usual] = name;
    this.keep();
    return '';
  }

  reset() {
    this.chosen = {};
    this.keep();
  }

  keep() {
    try {
      localStorage.setItem(CHOSEN, JSON.stringify(this.chosen));
    } catch {
      // The choice holds until the page is left.
    }
  }
}

export const keys = new Keys();

// Where a key has a meaning of its own, none of the page's acts.
export const isTypedInto = (target) =>
  target.isContentEditable ||
  target.matches?.('textarea, select, input:not([type=radio], [type=checkbox], [type=range])');
export const isPressed = (target) => target.matches?.('button, a, summary, [role=button]');
export const isMovedIn = (target) => target.matches?.('input, [role=slider], [role=listbox], [role=tab]');

/** Write the keys that hold into everything that names one. */
export function rename(root) {
  for (const mark of root.querySelectorAll('[data-usual]')) {
    mark.textContent = keys.shown(mark.dataset.usual);
  }
}
