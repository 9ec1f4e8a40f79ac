// What a slider of the rail stands at while a person moves it: the server's answer takes a while,
// and the map need not wait for it.

/** The attribute that a slider changes with every step, under the pointer too. */
const CHANGES = 'aria-valuetext';

const ANSWER_MS = 2_000;

/**
 * Settings by the slider that has the focus, null where none has.
 * @param {object[]} sliders key, names of the settings of its thumbs, factor, and for a slider
 *   with two thumbs the end, at which there is no bound, and the step
 */
function settingsOfFocused(sliders) {
  const focused = document.activeElement;
  const slider = sliders.find(({ key }) => focused?.closest(`.st-key-${key}`));
  if (!slider || focused.type !== 'range') return null;
  const { key, names, factor, end, step } = slider;
  const thumbs = [...document.querySelectorAll(`.st-key-${key} input[type=range]`)];
  const values = thumbs.map((thumb) => Number(thumb.getAttribute('value')) * factor);
  if (values.length !== names.length || values.some(Number.isNaN)) return null;
  if (names.length === 2) {
    const [low, high] = [values[0], values[1] > values[0] ? values[1] : values[0] + step];
    values.splice(0, 2, low <= -end ? null : low, high >= end ? null : high);
  }
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

/** Whether some settings are other than the whole ones say. */
function differ(some, whole) {
  const isSame = (one, other) => (one === null || other === null
    ? one === other
    : Math.abs(one - other) < 1e-9);
  return Object.entries(some).some(([name, value]) => !isSame(value, whole[name]));
}

/**
 * Call back whenever a slider has moved, before that is painted: what is drawn at once comes with
 * the slider in one frame, while a later frame would have to wait for that one.
 * @returns {() => void} stops it
 */
export function watchSliders(onMove) {
  const observer = new MutationObserver(onMove);
  observer.observe(document.body, { subtree: true, attributeFilter: [CHANGES] });
  return () => observer.disconnect();
}

/** What a person has set by a slider and the server may not have heard of yet. */
export class Lead {
  settings = {};

  /** Look at the slider being moved; returns whether it says other than some settings. */
  take(sliders, settings) {
    const moved = settingsOfFocused(sliders);
    if (!moved || !differ(moved, settings)) return false;
    Object.assign(this, { settings: moved, until: performance.now() + ANSWER_MS });
    return true;
  }

  /** Settings as they will be once the server, which says `settings`, has heard of all. */
  over(settings) {
    if (!differ(this.settings, settings) || performance.now() > this.until) this.settings = {};
    return { ...settings, ...this.settings };
  }
}
