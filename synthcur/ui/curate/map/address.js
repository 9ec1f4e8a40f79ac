// What the address bar says of the map, so that a link opens it as it was left.

const PLACES = 65_532;

/** Colour and view that an address asks for; only what can be shown. */
export function fromAddress(search) {
  const asked = new URLSearchParams(search);
  const found = {};
  const colour = asked.get('colour') ?? '';
  // Which columns there are is not known yet; one that is not gives way to the weight.
  if (Object.hasOwn(COLOUR_MODES, colour) || colour.startsWith(OF_COLUMN)) found.colour = colour;
  const ends = (asked.get('view') ?? '').split('_').map(Number);
  const isView = ends.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] < ends[3];
  const isOnMap = isView && ends[1] > 0 && ends[0] < PLACES && ends[3] > 0 && ends[2] < PLACES;
  if (isOnMap) found.ranges = { x: ends.slice(0, 2), y: ends.slice(2) };
  return found;
}

/** The query of an address with colour, view and scheme as they are; the rest stays. */
export function toAddress(search, { colour, ranges, scheme }) {
  const query = new URLSearchParams(search);
  const values = {
    colour: colour === 'weight' ? '' : colour,
    view: ranges ? [...ranges.x, ...ranges.y].map(Math.round).join('_') : '',
    scheme: scheme ?? '',
  };
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  return `?${query}`;
}
