// Notes and new texts while they are written. A field holds the text itself, never its display copy.

const SHOWN_LENGTH = 4000; // as TEXT_LENGTH of review_cards.py
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const BREAKS = /\r\n|\r|\n/g;
const MOST_COMPARED = 4e6; // pairs of lines

/** A text as it is displayed until the server sends it so: `shown` of review_cards.py. */
export function displayed(text) {
  const begin = [...text.slice(0, 2 * SHOWN_LENGTH + 2)];
  const cut = begin.length > SHOWN_LENGTH ? `${begin.slice(0, SHOWN_LENGTH - 1).join('')}…` : text;
  return cut.replaceAll('\r\n', '\n').replace(UNSEEN, '\ufffd');
}

/** Characters of a text, of which an emoji is one. */
export const sizeOf = (text) => [...text].length;

/**
 * The text of a record and that of its file, once edits on their way have arrived.
 * @param {{id: string, version: number, text: string, file: string}} whole what the server sent for
 *   the record last asked for
 * @returns {{text: string, file: string|undefined}|undefined} undefined while only display copies
 *   are here
 */
export function textItself(card, pending, whole) {
  let known;
  if (card.isWhole) known = { text: card.text, file: card.earlier ?? card.text };
  else if (whole?.id === card.id && whole.version === card.version) known = whole;
  const edits = [];
  for (const { action, sample, text, undoes } of pending) {
    if (sample !== card.id) continue;
    if (action === 'edit') edits.push(text);
    else if (action === 'undo' && undoes === 'edit') edits.pop();
  }
  if (!edits.length) return known;
  const text = edits.at(-1) ?? known?.file;
  return text === undefined ? undefined : { text, file: known?.file };
}

/** What is being written: of which record, from which text, and what had been seen of the record. */
export class Writing {
  constructor(mode, card, { text, file }, typed) {
    this.mode = mode;
    this.id = card.id;
    this.at = card.at;
    this.version = card.version;
    this.text = text;
    this.file = file;
    this.typed = typed ?? text;
  }

  /**
   * Say what is to be stored.
   * @param {string} typed what the field holds
   * @param {number} limit characters allowed
   * @returns {{fault?: string, fields?: object}} why it cannot be stored, or what an operation says;
   *   neither if nothing has changed
   */
  result(typed, limit) {
    const text = withBreaks(this.text, typed);
    if (text === this.text) return {};
    const isEmpty = !text.trim();
    const isBack = this.mode === 'edit' && (isEmpty || text === this.file);
    if (isBack && this.text === this.file) return {};
    const size = isEmpty ? 0 : sizeOf(text);
    const count = (number) => number.toLocaleString('en-US');
    if (size > limit) return { fault: `${count(size)} characters; at most ${count(limit)} can be saved.` };
    if (text.isWellFormed?.() === false) return { fault: 'It holds half a character, perhaps of an emoji.' };
    if (this.mode === 'note') return { fields: { note: isEmpty ? '' : text } };
    return { fields: isBack ? {} : { text } };
  }
}

/**
 * Give what was typed the line breaks of the text it was typed into: a field knows one kind only.
 *
 * A text with one kind of break keeps to it. Of several, each line keeps the break behind it.
 */
export function withBreaks(text, typed) {
  const kinds = text.match(BREAKS) ?? [];
  if (kinds.every((kind) => kind === '\n')) return typed;
  const lines = typed.split('\n');
  if (new Set(kinds).size === 1) return lines.join(kinds[0]);
  const from = origins(text.split(BREAKS), lines);
  return lines.map((line, i) => (i ? (kinds[from[i - 1]] ?? '\n') : '') + line).join('');
}

/** For each line the place of the earlier line it was, undefined for one that is new. */
function origins(before, after) {
  const found = Array(after.length);
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) {
    found[start] = start;
    start += 1;
  }
  let [endBefore, endAfter] = [before.length, after.length];
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore -= 1;
    endAfter -= 1;
    found[endAfter] = endBefore;
  }
  const same = commonLines(before.slice(start, endBefore), after.slice(start, endAfter));
  for (const [i, j] of same) found[start + j] = start + i;
  // Between lines that stayed, the last ones belong together: of a line that was divided the second
  // part has its break behind it, of two that were joined the second one's break is left.
  let [i, j] = [endBefore, endAfter];
  for (const [toBefore, toAfter] of [...same.map((pair) => pair.map((n) => n + start)).reverse(), [start - 1, start - 1]]) {
    while (i - 1 > toBefore && j - 1 > toAfter) {
      i -= 1;
      j -= 1;
      found[j] = i;
    }
    [i, j] = [toBefore, toAfter];
  }
  return found;
}

/** Pairs of places of the longest common subsequence of lines, in order; none of very many lines. */
function commonLines(before, after) {
  const [n, m] = [before.length, after.length];
  if (!n || !m || n * m > MOST_COMPARED) return [];
  const length = Array.from({ length: n + 1 }, () => new Uint32Array(m + 1));
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = m - 1; j >= 0; j -= 1) {
      const without = Math.max(length[i + 1][j], length[i][j + 1]);
      length[i][j] = before[i] === after[j] ? length[i + 1][j + 1] + 1 : without;
    }
  }
  const pairs = [];
  let [i, j] = [0, 0];
  while (i < n && j < m) {
    if (before[i] === after[j]) pairs.push([i++, j++]);
    else if (length[i + 1][j] >= length[i][j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}
