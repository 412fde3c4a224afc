/**
 * Other trees of the same stacks: with stacks or frames taken out, recursion collapsed, reversed (callers of leaves),
 * or around one function (sandwich). Trees carry no weights: `sink` says where those of a stack go.
 */
export const VIEWER_TREES = String.raw`
/** A growing tree: child() finds or makes; at most half of the slots are used, 0 is an empty one. */
function grower() {
  let capacity = 1 << Math.ceil(Math.log2(whole.size + 256)), size = 1;
  let nameOf = new Int32Array(capacity), parentOf = new Int32Array(capacity), slots = new Int32Array(capacity * 2);
  const hash = (parent, name) => { const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(name, 0x85ebca6b); return mixed ^ (mixed >>> 15); };
  const widen = () => {
    const wider = (old) => { const wide = new Int32Array(capacity * 2); wide.set(old); return wide; };
    nameOf = wider(nameOf); parentOf = wider(parentOf);
    capacity *= 2;
    slots = new Int32Array(capacity * 2);
    for (let node = 1; node < size; node++) {
      let slot = hash(parentOf[node], nameOf[node]) & (slots.length - 1);
      while (slots[slot]) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = node;
    }
  };
  const child = (parent, name) => {
    const mask = slots.length - 1;
    let slot = hash(parent, name) & mask;
    for (let node = slots[slot]; node; node = slots[slot]) {
      if (parentOf[node] === parent && nameOf[node] === name) return node;
      slot = (slot + 1) & mask;
    }
    if (size === capacity) { widen(); return child(parent, name); }
    slots[slot] = size;
    nameOf[size] = name; parentOf[size] = parent;
    return size++;
  };
  return { child, arrays: () => ({ size, nameOf, parentOf }) };
}

let ranks = null;
/** The place of each name in the order of names. */
const rankOf = () => {
  if (ranks) return ranks;
  ranks = new Int32Array(names.length);
  const order = names.map((_, i) => i).slice(1).sort((a, b) => names[a] < names[b] ? -1 : 1);
  order.forEach((name, rank) => { ranks[name] = rank + 1; });
  return ranks;
};
/** In pre-order with callees by name; newOf says where each node went. */
function ordered({ size, nameOf, parentOf }) {
  const rank = rankOf(), starts = new Int32Array(names.length + 1), byRank = new Int32Array(size);
  for (let i = 1; i < size; i++) starts[rank[nameOf[i]] + 1]++;
  for (let r = 1; r < starts.length; r++) starts[r] += starts[r - 1];
  for (let i = 1; i < size; i++) byRank[starts[rank[nameOf[i]]]++] = i;
  const first = new Int32Array(size), next = new Int32Array(size);
  for (let k = size - 2; k >= 0; k--) { const i = byRank[k]; next[i] = first[parentOf[i]]; first[parentOf[i]] = i; }
  const newOf = new Int32Array(size), result = { size, nameOf: new Int32Array(size), parentOf: new Int32Array(size), endOf: new Int32Array(size).fill(size) };
  let id = 1;
  for (let i = first[0]; i > 0;) {
    newOf[i] = id;
    result.nameOf[id] = nameOf[i];
    result.parentOf[id] = newOf[parentOf[i]];
    id++;
    if (first[i]) { i = first[i]; continue; }
    for (; i > 0; i = parentOf[i]) {
      result.endOf[newOf[i]] = id;
      if (next[i]) break;
    }
    i = i > 0 ? next[i] : 0;
  }
  return { ...result, newOf };
}
const sinkAfter = (of, newOf) => of.map((node) => node < 0 ? -1 : newOf[node]);

/** Only the stacks and frames that are wanted: the sets hold indices of names, null for no such wish. */
function kept({ focus, drop, hide, recursion }) {
  if (focus < 0 && drop.size === 0 && hide.size === 0 && !recursion) return whole;
  const { size, nameOf, parentOf } = whole;
  const grow = grower(), sink = new Int32Array(size), through = new Uint8Array(size);
  // Ancestors are asked for by name while the tree grows: its own record of them.
  const above = [0], nameAt = [-1];
  for (let i = 1; i < size; i++) {
    const parent = parentOf[i], name = nameOf[i], caller = sink[parent];
    through[i] = through[parent] || name === focus ? 1 : 0;
    if (caller < 0 || drop.has(name)) { sink[i] = -1; continue; }
    if (hide.has(name)) { sink[i] = caller; continue; }
    let node = 0;
    if (recursion) for (node = caller; node > 0 && nameAt[node] !== name;) node = above[node];
    if (node === 0) {
      node = grow.child(caller, name);
      above[node] = caller; nameAt[node] = name;
    }
    sink[i] = node;
  }
  if (focus >= 0) for (let i = 0; i < size; i++) if (!through[i]) sink[i] = -1;
  const { newOf, ...tree } = ordered(grow.arrays());
  return { ...tree, sink: sinkAfter(sink, newOf), above: null, split: tree.size };
}

/** Leaves at the root, their callers above them, merged. */
function reversed(tree) {
  const grow = grower(), { nameOf, parentOf } = tree, sink = new Int32Array(whole.size).fill(-1);
  for (const leaf of leaves) {
    const end = tree.sink ? tree.sink[leaf] : leaf;
    if (end < 0) continue;
    let node = 0;
    for (let i = end; i > 0; i = parentOf[i]) node = grow.child(node, nameOf[i]);
    sink[leaf] = node;
  }
  const { newOf, ...turned } = ordered(grow.arrays());
  for (const leaf of leaves) if (sink[leaf] >= 0) sink[leaf] = newOf[sink[leaf]];
  return { ...turned, sink, above: null, split: turned.size };
}

/** One function as node 0: all it calls below, all who call it above. Recursive calls are callees of the first. */
function sandwiched(tree, name) {
  const { size, nameOf, parentOf } = tree, callees = grower(), callers = grower();
  const outer = new Int32Array(size), below = new Int32Array(size), above = new Int32Array(size);
  for (let i = 1; i < size; i++) {
    const parent = parentOf[i];
    if (outer[parent]) { outer[i] = outer[parent]; below[i] = callees.child(below[parent], nameOf[i]); continue; }
    if (nameOf[i] !== name) continue;
    outer[i] = i;
    let node = 0;
    for (let at = parent; at > 0; at = parentOf[at]) node = callers.child(node, nameOf[at]);
    above[i] = node;
  }
  const lower = ordered(callees.arrays()), upper = ordered(callers.arrays());
  const split = lower.size, shift = split - 1, total = split + upper.size - 1;
  const join = (a, b, change) => { const all = new Int32Array(total); all.set(a); for (let i = 1; i < b.length; i++) all[i + shift] = change(b[i]); return all; };
  const joined = {
    size: total, split,
    nameOf: join(lower.nameOf, upper.nameOf, (index) => index),
    parentOf: join(lower.parentOf, upper.parentOf, (parent) => parent > 0 ? parent + shift : 0),
    endOf: join(lower.endOf, upper.endOf, (end) => end + shift),
    sink: new Int32Array(whole.size).fill(-1), above: new Int32Array(whole.size).fill(-1),
  };
  joined.nameOf[0] = name;
  joined.endOf[0] = split;
  for (const leaf of leaves) {
    const node = tree.sink ? tree.sink[leaf] : leaf;
    if (node <= 0 || !outer[node]) continue;
    joined.sink[leaf] = lower.newOf[below[node]];
    const caller = upper.newOf[above[outer[node]]];
    if (caller > 0) joined.above[leaf] = caller + shift;
  }
  return joined;
}

const shapeOf = (next) => [next.form, next.of, next.focus, next.drop, next.hide, next.recursion].join('\u0000');
const shapes = new Map();
/** The tree that a state asks for. The last few are kept. */
function treeOf(next) {
  const key = shapeOf(next), known = shapes.get(key);
  if (known) return known;
  const listed = (text) => new Set(text ? text.split('\n').map((name) => names.indexOf(name, 1)) : []);
  let tree = kept({ focus: next.focus ? names.indexOf(next.focus, 1) : -1, drop: listed(next.drop), hide: listed(next.hide), recursion: next.recursion });
  if (next.of) tree = sandwiched(tree, names.indexOf(next.of, 1));
  else if (next.form) tree = reversed(tree);
  tree.views = new Map();
  if (shapes.size > 2) shapes.delete(shapes.keys().next().value);
  shapes.set(key, tree);
  return tree;
}
/** The callees of a node, or the callers of a sandwich's function: the first and where they end. */
const below = (tree, i, isAbove) => i > 0 ? [i + 1, tree.endOf[i]] : isAbove ? [tree.split, tree.size] : [1, tree.split];
/** The same stack in another tree, or as much of it as is there. */
function samePlace(from, node, to) {
  const path = [];
  for (let i = node; i > 0; i = from.parentOf[i]) path.unshift(from.nameOf[i]);
  let place = 0;
  for (const name of path) for (let i = place + 1; i < to.endOf[place]; i = to.endOf[i]) if (to.nameOf[i] === name) { place = i; break; }
  return place;
}
`
