/** The document and the embedded profile (embed.ts): `columns` of self weights over `whole`, the tree of all stacks. */
export const VIEWER_DATA = `
const svg = (document.currentScript && document.currentScript.closest('svg')) || document.documentElement;
const standalone = svg === document.documentElement;
const SVG = 'http://www.w3.org/2000/svg';
const $ = (name) => svg.querySelector('.' + name);
const make = (parent, tag, attributes, text) => {
  const element = document.createElementNS(SVG, tag);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
};

const packed = atob(svg.querySelector('profile').textContent);
const deflated = new Uint8Array(packed.length);
for (let i = 0; i < packed.length; i++) deflated[i] = packed.charCodeAt(i);
const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
let at = 0;
const varint = () => {
  let value = 0, unit = 1, byte;
  do { byte = bytes[at++]; value += (byte & 127) * unit; unit *= 128; } while (byte & 128);
  return value;
};
const jsonLength = varint();
const about = JSON.parse(new TextDecoder().decode(bytes.subarray(at, at + jsonLength)));
at += jsonLength;
const names = about.names;
// Most numbers are small: one byte.
const stretch = (array) => {
  const all = bytes, length = array.length;
  let next = at;
  for (let i = 0; i < length; i++) {
    const byte = all[next];
    if (byte < 128) { array[i] = byte; next++; } else { at = next; array[i] = varint(); next = at; }
  }
  at = next;
  return array;
};

// A tree: nodes in pre-order, callees by name, so what is below node i is i+1 .. endOf[i]-1. sink[n] is the node that gets
// the self weight of node n of the whole tree, -1 for none; above[n] likewise in the callers' half of a sandwich, whose
// nodes are split .. size-1.
const whole = (() => {
  const size = about.nodes;
  const nameOf = stretch(new Int32Array(size)), callees = stretch(new Int32Array(size));
  const parentOf = new Int32Array(size), endOf = new Int32Array(size).fill(size);
  // callees counts down to those that are still to come.
  for (let i = 1, parent = 0; i < size; i++) {
    while (parent > 0 && callees[parent] === 0) { endOf[parent] = i; parent = parentOf[parent]; }
    callees[parent]--;
    parentOf[i] = parent;
    parent = i;
  }
  return { size, nameOf, parentOf, endOf, sink: null, above: null, split: size };
})();
const hasSelf = new Uint8Array(whole.size);
let ends = 0;
const columns = about.columns.map((column) => {
  const self = stretch(new Float64Array(whole.size));
  if (about.fraction !== 1) for (let i = 0; i < self.length; i++) self[i] /= about.fraction;
  const counts = about.counts ? stretch(new Float64Array(whole.size)) : self;
  let total = 0, events = 0;
  for (let i = 0; i < self.length; i++) if (self[i] || counts[i]) { total += self[i]; events += counts[i]; if (!hasSelf[i]) { hasSelf[i] = 1; ends++; } }
  return { ...column, self, counts, total, events };
});
// The few nodes where stacks end: all others have no weight of their own.
const leaves = new Int32Array(ends);
for (let i = 0, n = 0; i < whole.size; i++) if (hasSelf[i]) leaves[n++] = i;

/** Weights of leaves at a tree's nodes. Large arrays are what costs here: there is one for each kind of weight. */
const placed = ({ size, sink, above }, weightOf) => {
  const result = new Float64Array(size);
  for (const leaf of leaves) {
    const node = sink ? sink[leaf] : leaf, weight = weightOf(leaf);
    if (node >= 0) result[node] += weight;
    if (above && above[leaf] >= 0) result[above[leaf]] += weight;
  }
  return result;
};
const summedOf = (tree, weightOf) => summed(tree, placed(tree, weightOf));
/** Sums self weights upwards, in place. The callers' half leaves the function it stands on alone: callees fill it. */
const summed = (tree, total) => {
  const { parentOf, split } = tree;
  for (let i = tree.size - 1; i > 0; i--) if (i < split || parentOf[i] > 0) total[parentOf[i]] += total[i];
  return total;
};
`
