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
const stretch = (array) => { for (let i = 0; i < array.length; i++) array[i] = bytes[at] < 128 ? bytes[at++] : varint(); return array; };

// A tree: nodes in pre-order, callees by name, so what is below node i is i+1 .. endOf[i]-1. sink[n] is the node that gets
// the self weight of node n of the whole tree, -1 for none; above[n] likewise in the callers' half of a sandwich, whose
// nodes are split .. size-1.
const whole = (() => {
  const size = about.nodes;
  const nameOf = stretch(new Int32Array(size)), callees = stretch(new Int32Array(size));
  const parentOf = new Int32Array(size), endOf = new Int32Array(size).fill(size);
  const open = [0], left = [callees[0]];
  for (let i = 1; i < size; i++) {
    while (left[left.length - 1] === 0) { endOf[open.pop()] = i; left.pop(); }
    left[left.length - 1]--;
    parentOf[i] = open[open.length - 1];
    open.push(i); left.push(callees[i]);
  }
  return { size, nameOf, parentOf, endOf, sink: null, above: null, split: size };
})();
const hasSelf = new Uint8Array(whole.size);
const columns = about.columns.map((column) => {
  const self = stretch(new Float64Array(whole.size));
  if (about.fraction !== 1) for (let i = 0; i < self.length; i++) self[i] /= about.fraction;
  const counts = about.counts ? stretch(new Float64Array(whole.size)) : self;
  let total = 0, events = 0;
  for (let i = 0; i < self.length; i++) { total += self[i]; events += counts[i]; if (self[i] || counts[i]) hasSelf[i] = 1; }
  return { ...column, self, counts, total, events };
});

const scaled = (weights, scale) => { const result = new Float64Array(weights.length); for (let i = 0; i < result.length; i++) result[i] = weights[i] * scale; return result; };
/** Self weights moved to the nodes of another tree. */
const moved = (tree, self) => {
  if (!tree.sink) return self.slice();
  const result = new Float64Array(tree.size);
  for (let i = 0; i < self.length; i++) {
    if (self[i] === 0) continue;
    if (tree.sink[i] >= 0) result[tree.sink[i]] += self[i];
    if (tree.above && tree.above[i] >= 0) result[tree.above[i]] += self[i];
  }
  return result;
};
/** Sums self weights upwards, in place. The callers' half leaves the function it stands on alone: callees fill it. */
const summed = (tree, total) => {
  const { parentOf, split } = tree;
  for (let i = tree.size - 1; i > 0; i--) if (i < split || parentOf[i] > 0) total[parentOf[i]] += total[i];
  return total;
};
`
