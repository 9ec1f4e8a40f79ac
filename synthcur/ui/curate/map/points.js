// The message of the points, laid out by `pack` in __init__.py, and the words for selected rows.

/** What is said before the columns: map, version, n, m, labels. */
export function readHeader(bytes) {
  const length = headerLength(bytes);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
}

const headerLength = (bytes) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

/**
 * Rows of the map, n synthetic ones before m real ones.
 * @param {Uint8Array} bytes what `pack` returns
 * @returns {Promise<object>} the header and, over all rows, x, y (0 to 65,532), p, label,
 *   predicted, kept; q and copies of the synthetic rows; texts, or null where they were too many to send
 */
export async function unpack(bytes) {
  const header = readHeader(bytes);
  const { n, m, labels } = header;
  const rows = n + m;
  const body = await inflated(bytes.subarray(4 + headerLength(bytes)));
  let offset = 0;
  const take = (Kind, length) => {
    const start = offset;
    offset += length * Kind.BYTES_PER_ELEMENT;
    return gathered(body.subarray(start, offset), Kind, length);
  };
  const codes = take(Uint32Array, rows);
  const p = take(Float32Array, rows);
  const label = take(Uint16Array, rows);
  const shift = take(Uint16Array, rows);
  const kept = take(Uint8Array, rows);
  const q = take(Float32Array, n);
  const copies = take(Uint32Array, n);
  const texts = JSON.parse(new TextDecoder().decode(body.subarray(offset)));
  const predicted = label.map((code, row) => (code + shift[row]) % labels.length);
  return { ...header, rows, ...placesOf(codes, n), p, q, copies, label, predicted, kept, texts };
}

/** What zlib has made smaller. */
export async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A column out of its planes: the lowest bytes of all values, then the next. */
function gathered(planes, Kind, length) {
  const size = Kind.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < size; plane++) {
    const start = plane * length;
    for (let i = 0; i < length; i++) bytes[i * size + plane] = planes[start + i];
  }
  return new Kind(bytes.buffer);
}

/** Places out of the steps along the curve, which begin anew with the real rows. */
function placesOf(codes, n) {
  const x = new Uint16Array(codes.length);
  const y = new Uint16Array(codes.length);
  let code = 0;
  for (let row = 0; row < codes.length; row++) {
    code = ((row === n ? 0 : code) + codes[row]) >>> 0;
    x[row] = everySecondBit(code);
    y[row] = everySecondBit(code >>> 1);
  }
  return { x, y };
}

function everySecondBit(code) {
  let bits = code & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

/** Ascending row numbers as the text in which they travel: base64 of runs, see `encode_rows`. */
export function encodeRows(rows) {
  const runs = [];
  rows.forEach((row, i) => {
    if (i > 0 && rows[i - 1] + 1 === row) runs[runs.length - 1] += 1;
    else runs.push(row, 1);
  });
  const bytes = new Uint8Array(Uint32Array.from(runs).buffer);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

/** Row numbers out of the text in which they travel. */
export function decodeRows(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const runs = new Uint32Array(bytes.buffer);
  const rows = [];
  for (let i = 0; i < runs.length; i += 2) {
    for (let row = 0; row < runs[i + 1]; row++) rows.push(runs[i] + row);
  }
  return Uint32Array.from(rows);
}
