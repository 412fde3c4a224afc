/** What is shown: state, kept in the hash, and the weights of the shown tree in the shown phase or pair of phases. */
export const VIEWER_STATE = String.raw`
const pair = Array.isArray(about.view);
const start = {
  view: columns[pair ? about.view[1] : about.view].key, base: pair ? columns[about.view[0]].key : '', unit: '',
  form: '', of: '', focus: '', drop: '', hide: '', recursion: '',
  node: 0, search: '', order: about.invert ? 'flame' : 'icicle', rank: 'self', panel: '', theme: '', ...about.start,
};
let state = { ...start }, tree = whole, current = null;
const past = [];
function hashOf(next) {
  const parts = new URLSearchParams();
  for (const key in start) if (next[key] !== start[key]) parts.set(key, next[key]);
  return parts.toString();
}
// Anything may stand in a link: what does not fit this profile is left out.
function fromHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const given = (key, fits) => parts.has(key) && fits(parts.get(key)) ? parts.get(key) : start[key];
  const among = (...values) => (value) => values.includes(value);
  const isKey = (key) => columns.some((column) => column.key === key);
  const isName = (name) => names.indexOf(name, 1) > 0;
  const areNames = (text) => text.split('\n').every(isName);
  const node = Number(given('node', () => true));
  return {
    view: given('view', isKey), base: given('base', (key) => key === '' || isKey(key)), unit: given('unit', among('', 'request', 'total', 'share')),
    form: given('form', among('callers')), of: given('of', (name) => name === '' || isName(name)), focus: given('focus', isName),
    drop: given('drop', areNames), hide: given('hide', areNames), recursion: given('recursion', among('collapsed')),
    node: Number.isInteger(node) && node > 0 ? node : 0, search: given('search', () => true),
    order: given('order', among('flame', 'icicle')), rank: given('rank', among('self', 'total')), panel: given('panel', among('open', 'closed')), theme: given('theme', among('light', 'dark')),
  };
}
function go(change, replace) {
  const next = { ...state, ...change };
  if (!('node' in change) && shapeOf(next) !== shapeOf(state)) {
    const turned = next.form !== state.form || next.of !== state.of || next.of || next.form;
    next.node = turned ? 0 : samePlace(tree, state.node, treeOf(next));
  }
  if (hashOf(next) === hashOf(state)) return;
  if (standalone) {
    const url = '#' + hashOf(next), depth = steps();
    try { replace ? history.replaceState({ depth }, '', url) : history.pushState({ depth: depth + 1 }, '', url); } catch { /* a sandboxed frame has no history */ }
  } else if (!replace) past.push(state);
  show(next);
}
const steps = () => (history.state && history.state.depth) || 0;
const back = () => { if (standalone) { if (steps() > 0) history.back(); } else if (past.length > 0) show(past.pop()); };
function show(next) {
  const shown = current && { tree };
  state = next;
  tree = timed('tree', () => treeOf(state));
  if (state.node >= tree.size) state.node = 0;
  current = timed('weights', () => viewOf(tree, state));
  // What the other phase has not got cannot be zoomed to: its caller is.
  while (state.node > 0 && !(current.width[state.node] > 0)) state.node = tree.parentOf[state.node];
  if (shown && shown.tree !== tree) { selected = -1; hovered = -1; }
  applyTheme();
  timed('search', find);
  timed('draw', draw);
}
/** What the last of each kind of work took stands in the browser's own record of times. */
function timed(kind, work) {
  const start = performance.now(), result = work();
  performance.clearMeasures('probe ' + kind);
  performance.measure('probe ' + kind, { start });
  return result;
}

/** Weights of a tree's nodes: of one phase, or of both sides and what tells them apart. The last few are kept. */
function viewOf(tree, { view: key, base: baseKey, unit }) {
  const column = columns.find((one) => one.key === key);
  const base = baseKey === key ? undefined : columns.find((one) => one.key === baseKey);
  const known = [key, base ? baseKey : '', base ? unit : ''].join('\u0000');
  let view = tree.views.get(known);
  if (view) return view;
  view = base ? pairView(tree, base, column, unit) : { column, width: summedOf(tree, (k) => column.self[k]) };
  if (!base) view.counts = about.counts ? summedOf(tree, (k) => column.counts[k]) : view.width;
  if (tree.views.size > 3) tree.views.delete(tree.views.keys().next().value);
  tree.views.set(known, view);
  return view;
}
/** Both sides per unit of the load where it is known for both, else as shares; the union is as wide as the wider side. */
function pairView(tree, base, column, unit) {
  const same = base.divide && column.divide && base.divide.per === column.divide.per;
  const per = same && unit !== 'share' ? base.divide.per : null;
  const exposureOf = (one) => per === null ? one.total : one.divide.by;
  const sides = sidesOf(tree, base, column, { isShare: per === null, base: exposureOf(base), candidate: exposureOf(column) });
  const factor = (exposure) => 1 / (exposure || 1);
  const scales = { a: factor(sides.baseExposure), b: factor(sides.candidateExposure) };
  const scaledA = (k) => base.self[k] * scales.a, scaledB = (k) => column.self[k] * scales.b;
  return { base, column, per, sides, scales, width: summed(tree, wider(tree, scaledA, scaledB)), ...judged(sides, scales) };
}
/** The wider side of each node, once all stacks that end there are together. */
function wider(tree, a, b) {
  if (!tree.sink) return placed(tree, (k) => Math.max(a(k), b(k)));
  const result = placed(tree, a), other = placed(tree, b);
  for (let i = 0; i < result.length; i++) if (other[i] > result[i]) result[i] = other[i];
  return result;
}
`
