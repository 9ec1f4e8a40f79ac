// What a person has set on a map. Pure: no page.

/** What is set on a map; kept while the page lives, so that it survives other pages. */
export function newState() {
  return {
    colour: 'weight',
    show: 'all',
    tool: 'lasso',
    only: null,
    selected: new Uint32Array(),
    outlines: [],
    ranges: null,
    stamp: null,
    grouping: 'Label',
    outlinesThin: true,
    namesClusters: true,
  };
}
