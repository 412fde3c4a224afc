/** The document and the embedded profile (embed.ts): `whole`, the tree of all stacks, and `columns` of its leaves' weights. */
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

// The boxes in the file are there to be seen: they are painted before the viewer takes the page's thread.
if (!document.hidden) await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
const base64 = svg.querySelector('profile').textContent;
// Younger browsers read base64 themselves, in a tenth of the time.
const deflated = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
// What is in the file may be made to fill a page's memory: the bounds are those of \`probe\` itself. The boxes stay.
const refuse = (why) => {
  const place = $('meaning');
  if (place) place.textContent = 'A still picture, without zoom and search: its profile ' + why;
  svg.setAttribute('data-refused', why);
};
const { limits } = FIXED;
const mostBytes = Math.min(limits.svgUnpacked, Math.max(limits.unpackedFloor, deflated.length * limits.svgRatio));
const unpack = async () => {
  const reader = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader(), chunks = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > mostBytes) { reader.cancel(); return null; }
    chunks.push(next.value);
  }
  const all = new Uint8Array(size);
  for (const chunk of chunks.reverse()) all.set(chunk, size -= chunk.length);
  return all;
};
const bytes = await unpack().catch(() => new Uint8Array(0));
if (!bytes) return refuse('unpacks to more than ' + Math.floor(mostBytes / 1048576) + ' MiB');
let at = 0;
const varint = () => {
  let byte = bytes[at++], value = byte & 127;
  for (let unit = 128; byte & 128; unit *= 128) { byte = bytes[at++]; value += (byte & 127) * unit; }
  return value;
};
const jsonLength = varint();
const about = (() => { try { return JSON.parse(new TextDecoder().decode(bytes.subarray(at, at + jsonLength))); } catch { return null; } })();
at += jsonLength;
const isCount = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
const excess = (() => {
  if (!about || !Array.isArray(about.names) || !Array.isArray(about.columns)) return 'is damaged';
  const { nodes, columns: { length }, names } = about;
  if (!isCount(nodes, limits.places)) return 'has more than ' + limits.places + ' places';
  if (length > limits.phases) return 'has more than ' + limits.phases + ' phases';
  if (nodes * length > limits.cells) return 'has more than ' + limits.cells + ' weights';
  if (names.length > limits.frames) return 'has more than ' + limits.frames + ' names';
  return nodes > bytes.length || !isCount(about.leaves, nodes) ? 'is damaged' : null;
})();
if (excess) return refuse(excess);
const names = about.names;
const stretch = (array) => {
  for (let i = 0; i < array.length; i++) array[i] = varint();
  return array;
};

// A tree: nodes in pre-order, callees by name, so what is below node i is i+1 .. endOf[i]-1. sink[n] is the node that gets
// the self weight of node n of the whole tree, -1 for none; above[n] likewise in the callers' half of a sandwich, whose
// nodes are split .. size-1.
const whole = (() => {
  const size = about.nodes, planes = names.length <= 1 << 8 ? 1 : names.length <= 1 << 16 ? 2 : 4;
  const nameOf = new Int32Array(size), parentOf = new Int32Array(size), endOf = new Int32Array(size).fill(size);
  for (let plane = 0; plane < planes; plane++) {
    const part = bytes.subarray(at, at += size);
    for (let i = 0; i < size; i++) nameOf[i] |= part[i] << 8 * plane;
  }
  const callees = stretch(new Int32Array(size));
  // callees counts down to those that are still to come.
  for (let i = 1, parent = 0, depth = 0; i < size; i++) {
    while (parent > 0 && callees[parent] === 0) { endOf[parent] = i; parent = parentOf[parent]; depth--; }
    if (++depth > limits.depthOfStack) return null;
    callees[parent]--;
    parentOf[i] = parent;
    parent = i;
  }
  return { size, nameOf, parentOf, endOf, sink: null, above: null, split: size };
})();
if (!whole) return refuse('has stacks of more than ' + limits.depthOfStack + ' frames');
// The few nodes where stacks end: all others have no weight of their own. self and counts of a column are by leaf.
const leaves = stretch(new Int32Array(about.leaves));
for (let i = 1; i < leaves.length; i++) leaves[i] += leaves[i - 1];
const columns = about.columns.map((column) => {
  const self = stretch(new Float64Array(leaves.length)).map((weight) => weight / about.fraction);
  const counts = about.counts ? stretch(new Float64Array(leaves.length)) : self;
  return { ...column, self, counts, total: self.reduce((sum, weight) => sum + weight, 0) };
});

/** Weights of leaves (by their index) at a tree's nodes. Large arrays are what costs here: one for each kind of weight. */
const placed = ({ size, sink, above }, weightOf) => {
  const result = new Float64Array(size);
  for (let k = 0; k < leaves.length; k++) {
    const leaf = leaves[k], node = sink ? sink[leaf] : leaf, weight = weightOf(k);
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
