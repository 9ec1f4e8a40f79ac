// The message of the points, laid out by `pack` in __init__.py: header, then arrays.

export const UNKNOWN = 65535;

/**
 * @param {Uint8Array} bytes length of the header (uint32), header (JSON), then for n synthetic
 *   and m real rows x, y, p, q (float32; NaN where there is none), label and predicted label
 *   (uint16, UNKNOWN where there is none), kept (uint8); all little endian
 */
export function unpack(bytes) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const headerLength = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
  const rows = header.n + header.m;
  let offset = 4 + headerLength;
  const take = (Kind) => {
    const values = new Kind(buffer, offset, rows);
    offset += values.byteLength;
    return values;
  };
  const [x, y, p, q] = [Float32Array, Float32Array, Float32Array, Float32Array].map(take);
  const [label, predicted] = [Uint16Array, Uint16Array].map(take);
  return { ...header, rows, x, y, p, q, label, predicted, kept: take(Uint8Array) };
}

/** Row numbers as the text in which they travel: base64 of little-endian uint32. */
export function encodeRows(rows) {
  const bytes = new Uint8Array(Uint32Array.from(rows).buffer);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

/** Row numbers out of the text in which they travel. */
export function decodeRows(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return Array.from(new Uint32Array(bytes.buffer));
}
