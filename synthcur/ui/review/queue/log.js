// Decisions on their way to the server, and what the record looks like once they have arrived.

const UNSAVED = 'synthcur.review.unsaved';
const PLACE = 'synthcur.review.place';
const VERDICTS = ['keep', 'discard', 'relabel', 'unsure'];

/**
 * Operations that the server has not yet confirmed, oldest first.
 *
 * They outlive a reload in sessionStorage. Every page load numbers its own under a new random
 * client, and an operation keeps its (client, seq) for ever: sent twice, it is stored once, even
 * when a duplicated tab has copied the storage.
 */
export class OperationLog {
  constructor() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    this.client = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.seq = 0;
    this.pending = readUnsaved().filter(isNamed);
  }

  /** Number an operation and keep it until it is settled. */
  push(operation) {
    this.seq += 1;
    this.pending.push({ ...operation, client: this.client, seq: this.seq });
    writeUnsaved(this.pending);
  }

  /**
   * Drop what the server has stored or refused; what it names in neither way stays.
   * @param {Array<{client: string, seq: number}>} acknowledged what is stored
   * @param {Array<{client: string, seq: number, what: string}>} refusals
   * @returns {{stored: object[], refused: object[]}} the operations dropped
   */
  settle(acknowledged, refusals) {
    const isStored = new Set(acknowledged.map(nameOf));
    const refusalOf = new Map(refusals.map((refusal) => [nameOf(refusal), refusal]));
    const stored = [];
    const refused = [];
    const pending = [];
    for (const operation of this.pending) {
      const refusal = refusalOf.get(nameOf(operation));
      if (refusal) refused.push({ ...operation, what: refusal.what });
      else if (isStored.has(nameOf(operation))) stored.push(operation);
      else pending.push(operation);
    }
    if (pending.length !== this.pending.length) writeUnsaved(pending);
    this.pending = pending;
    return { stored, refused };
  }
}

const nameOf = ({ client, seq }) => `${client}:${seq}`;

/** Whether the server can answer an operation: it does so by client and number. */
const isNamed = (each) => typeof each?.client === 'string' && Number.isSafeInteger(each.seq);

function readUnsaved() {
  try {
    const unsaved = JSON.parse(sessionStorage.getItem(UNSAVED) ?? '[]');
    return Array.isArray(unsaved) ? unsaved : [];
  } catch {
    return [];
  }
}

function writeUnsaved(pending) {
  try {
    if (pending.length) sessionStorage.setItem(UNSAVED, JSON.stringify(pending));
    else sessionStorage.removeItem(UNSAVED);
  } catch {
    // Storage is full or forbidden: the operations still live in this page and are sent from it.
  }
}

/** Where this tab was in which queue, if it was in one. */
export function readPlace() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? 'null');
  } catch {
    return null;
  }
}

export function savePlace(opening, at) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ opening, at }));
  } catch {
    // Without storage a reload starts at the first undecided record.
  }
}

/**
 * What has been decided about a record once the pending operations have arrived.
 * @returns {{action: string, label: number, note: string, reason: string, text: string,
 *   earlier: string|null, isWhole: boolean}} texts as they are displayed
 */
export function afterwards(card, pending) {
  const before = [];
  const { action, label, note, reason, text, earlier, isWhole } = card;
  let state = { action, label, note, reason, text, earlier, isWhole };
  for (const operation of pending) {
    if (!samplesOf(operation).includes(card.id)) continue;
    if (operation.action === 'undo') {
      state = before.pop() ?? withoutLatest(state, card, operation);
      continue;
    }
    if (operation.action === 'redo') continue; // the server's answer brings it back
    before.push(state);
    if (operation.action === 'edit') state = edited(state, operation);
    else if (operation.action === 'note') state = { ...state, note: operation.note };
    else {
      const label = operation.action === 'relabel' ? operation.labelId : state.label;
      state = { ...state, action: operation.action, label, reason: operation.reason ?? '' };
    }
  }
  return state;
}

function edited(state, operation) {
  const original = state.earlier ?? state.text;
  if (operation.text === undefined) return { ...state, text: original, earlier: null };
  return { ...state, text: displayed(operation.text), earlier: original, isWhole: false };
}

/** The samples that an operation is about: one, or a record with its look-alikes. */
export const samplesOf = ({ sample, alike = [] }) => [sample, ...alike.map((each) => each.sample)];

// The earlier state is not known here; the server's answer brings it a moment later.
function withoutLatest(state, card, { undoes }) {
  if (undoes === 'note') return { ...state, note: '' };
  if (undoes === 'edit') return state;
  return { ...state, action: '', label: card.fileLabel, reason: '' };
}

/** Make stored operations part of a record that the server has not sent anew. */
export function absorb(card, stored) {
  Object.assign(card, afterwards(card, stored));
}

/**
 * The decision an undo takes back, or undefined.
 * @param {Array<{sample: string, action: string, at: number}>} history the annotator's standing
 *   decisions, oldest first
 */
export function latestOwn(history, pending) {
  const own = [...history];
  for (const operation of pending) {
    if (operation.action === 'undo') own.pop();
    else own.push(operation);
  }
  return own.at(-1);
}

/**
 * The sample that a redo brings back, or undefined: a decision made since ends it.
 * @param {Array<{sample: string}>} undone what the annotator has undone, oldest first
 */
export function latestUndone(undone, pending) {
  let own = undone.map(({ sample }) => sample);
  for (const { action, sample } of pending) {
    if (action === 'undo') own.push(sample);
    else if (action === 'redo') own.pop();
    else own = [];
  }
  return own.at(-1);
}

/**
 * Count the records of a queue by what has been decided.
 * @param {string} states one letter a record as the server knows it: '.' waits for this person, 'o'
 *   is another's
 */
export function progress(states, opening, pending) {
  const letters = [...states];
  for (const operation of pending) {
    if (operation.opening !== opening) continue;
    const isVerdict = VERDICTS.includes(operation.action);
    const isUndo = operation.action === 'undo' && VERDICTS.includes(operation.undoes);
    if (!isVerdict && !isUndo) continue;
    for (const at of [operation.at, ...(operation.alike ?? []).map((each) => each.at)]) {
      if (at >= 0 && at < letters.length) letters[at] = isUndo ? '.' : operation.action[0];
    }
  }
  const count = { keep: 0, discard: 0, relabel: 0, unsure: 0, undecided: 0, others: 0 };
  const names = { k: 'keep', d: 'discard', r: 'relabel', u: 'unsure', '.': 'undecided', o: 'others' };
  for (const letter of letters) count[names[letter]] += 1;
  return { ...count, letters };
}
