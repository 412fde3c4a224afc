/** Second part of the viewer: state, search, drawing, controls. It stands in the same function as the first. */
export const VIEWER_SCREEN = String.raw`
// ---- state, kept in the hash ----
const start = { view: views[first].key, node: 0, search: '', order: about.invert ? 'flame' : 'icicle' };
let state = { ...start }, current = weigh(views[first]);
const past = [];
function hashOf(next) {
  const parts = new URLSearchParams();
  for (const key in start) if (next[key] !== start[key]) parts.set(key, next[key]);
  return parts.toString();
}
function fromHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const node = Number(parts.get('node') || 0);
  return {
    view: views.some((view) => view.key === parts.get('view')) ? parts.get('view') : start.view,
    node: Number.isInteger(node) && node > 0 && node < size ? node : 0,
    search: parts.get('search') || '',
    order: parts.get('order') || start.order,
  };
}
function go(change, replace) {
  const next = { ...state, ...change };
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
  state = next;
  current = weigh(views.find((view) => view.key === state.view));
  find();
  draw();
}

// ---- search: over the whole profile, not over what is drawn ----
let isMatch = null, hits = [];
function find() {
  hits = []; isMatch = null;
  let result = '';
  if (state.search) {
    let test;
    try { const pattern = new RegExp(state.search, 'i'); test = (name) => pattern.test(name); }
    catch { const text = state.search.toLowerCase(); test = (name) => name.toLowerCase().includes(text); }
    isMatch = names.map((name, i) => i > 0 && test(name));
    const width = current.width, functions = new Set();
    let matched = 0, until = 0, frames = 0;
    for (let i = 1; i < size; i++) {
      if (!isMatch[nameOf[i]] || !(width[i] > 0)) continue;
      frames++; functions.add(nameOf[i]);
      if (i >= until) { hits.push(i); matched += width[i]; until = endOf[i]; }
    }
    hits.sort((a, b) => width[b] - width[a] || a - b);
    result = 'matched ' + percent(width[0] > 0 ? matched / width[0] : 0) + ' · ' + amount(frames) + (frames === 1 ? ' frame, ' : ' frames, ') +
      amount(functions.size) + (functions.size === 1 ? ' function' : ' functions');
  }
  found.textContent = result;
}
// The widest first; matches below a match are seen with it.
function step(direction) {
  if (hits.length === 0) return;
  const at = hits.indexOf(state.node);
  go({ node: hits[at < 0 && direction < 0 ? hits.length - 1 : (at + direction + hits.length) % hits.length] });
}

// ---- drawing ----
const boxes = $('boxes'), head = $('head'), detail = $('detail'), facts = $('facts'), tabs = $('tabs'), legend = $('legend');
const headHeight = Number($('headback').getAttribute('height')) + 3;
const fixedWidth = svg.width.baseVal.value;
let pictureWidth = fixedWidth;
const number = (value) => String(Math.round(value * 100) / 100);
function place(inner) {
  const width = current.width, root = state.node;
  const scale = width[root] > 0 ? inner / width[root] : 0;
  const rects = [];
  for (let i = root; i > 0; i = parentOf[i]) rects.unshift({ i: parentOf[i], x: 0, w: inner, folded: 0, above: true, from: 0 });
  rects.forEach((rect, depth) => { rect.depth = depth; });
  const callers = rects.length;
  rects.push({ i: root, x: 0, w: inner, depth: callers, folded: 0, from: 0 });
  for (let next = callers; next < rects.length; next++) {
    const parent = rects[next];
    if (parent.folded) continue;
    const limit = parent.x + parent.w, depth = parent.depth + 1;
    const edge = (weight) => Math.min(limit, Math.max(parent.x, weight * scale));
    let from = parent.from, foldedFrom = from, folded = 0;
    const close = () => {
      const x = edge(foldedFrom), w = edge(from) - x;
      if (folded > 0 && w >= 1) rects.push({ i: parent.i, x, w, depth, folded, from: foldedFrom });
      folded = 0;
    };
    for (let i = parent.i + 1; i < endOf[parent.i]; i = endOf[i]) {
      if (!(width[i] > 0)) continue;
      const x = edge(from), w = edge(from + width[i]) - x;
      if (w >= 1) { close(); rects.push({ i, x, w, depth, folded: 0, from }); }
      else if (folded++ === 0) foldedFrom = from;
      from += width[i];
    }
    close();
  }
  return rects;
}
function boxText(rect) {
  if (rect.w < FIXED.minTextWidth) return '';
  const room = Math.floor((rect.w - 7) / FIXED.character);
  if (rect.folded) return room > 1 ? '···'.slice(0, room) : '';
  const glyphs = [...label(rect.i)];
  let used = 0;
  for (let n = 0; n < glyphs.length; n++) {
    used += glyphs[n] < '\u1100' ? 1 : 2;
    if (used > room) return n > 1 ? glyphs.slice(0, n - 1).join('') + '…' : '';
  }
  return glyphs.join('');
}
const boxClass = (rect) => rect.folded ? 'f' : current.column ? (rect.i === 0 ? 'r' : classOfName[nameOf[rect.i]]) : changeClass(current.a[rect.i], current.b[rect.i]);
function draw() {
  pictureWidth = standalone ? Math.max(480, document.documentElement.clientWidth || innerWidth) : fixedWidth;
  const rects = place(pictureWidth - 2 * FIXED.margin);
  const levels = rects[rects.length - 1].depth + 1, height = headHeight + levels * FIXED.row + FIXED.margin;
  const fragment = document.createDocumentFragment();
  let row = null, depth = -1;
  for (const rect of rects) {
    if (rect.depth !== depth) {
      depth = rect.depth;
      row = make(fragment, 'g', { transform: 'translate(0 ' + (state.order === 'flame' ? levels - 1 - depth : depth) * FIXED.row + ')' });
    }
    const marked = isMatch && !rect.folded && isMatch[nameOf[rect.i]];
    const box = make(row, 'g', { class: 'link' + (rect.above ? ' above' : '') + (marked ? ' match' : isMatch ? ' dim' : '') });
    box.rect = rect;
    make(box, 'rect', { class: boxClass(rect), x: number(rect.x), width: number(rect.w - Math.min(0.6, rect.w * 0.3)), height: FIXED.boxHeight });
    const text = boxText(rect);
    if (text) make(box, 'text', { x: number(rect.x + 4), y: 12 }, text);
  }
  boxes.replaceChildren(fragment);
  if (standalone) svg.setAttribute('width', pictureWidth);
  svg.setAttribute('height', height);
  svg.setAttribute('viewBox', '0 0 ' + pictureWidth + ' ' + height);
  $('back').setAttribute('width', pictureWidth);
  $('back').setAttribute('height', height);
  $('headback').setAttribute('width', pictureWidth);
  svg.querySelector('path.rule').setAttribute('d', 'M' + FIXED.margin + ' ' + (headHeight - 5.5) + 'H' + (pictureWidth - FIXED.margin));
  legend.setAttribute('transform', 'translate(' + (pictureWidth - FIXED.margin) + ' ' + (headHeight - 52) + ')');
  found.setAttribute('x', pictureWidth - FIXED.margin);
  field.setAttribute('x', pictureWidth - FIXED.margin - 250);
  reset.setAttribute('transform', 'translate(' + (pictureWidth - FIXED.margin - 250 - 74) + ' 12)');
  reset.style.display = state.node > 0 || state.search ? '' : 'none';
  facts.textContent = current.facts;
  svg.querySelector('title').textContent = about.title + ': ' + current.label;
  for (const tab of tabs.children) tab.setAttribute('class', tab.key === state.view ? 'link on' : 'link');
  drawLegend();
  tell(state.node);
}
const tell = (i) => { detail.textContent = describe(i).join('\u2003'); };
let drawnLegend = null;
function drawLegend() {
  const kind = current.column ? 'classes' : 'changes';
  if (kind === drawnLegend) return;
  drawnLegend = kind;
  legend.replaceChildren();
  if (kind === 'changes') {
    FIXED.changes.forEach(([name, text], i) => {
      const x = (i - FIXED.changes.length) * 48;
      make(legend, 'rect', { class: name, x: x + 1, y: 3, width: 46, height: 16 });
      make(legend, 'text', { class: 'small mid', x: x + 24, y: 15 }, text);
    });
    return;
  }
  const present = new Set(classOfName.slice(1).map((name) => name[0]));
  let right = 0;
  for (const [name, text] of [...FIXED.classes].reverse()) {
    if (!present.has(name)) continue;
    const left = right - text.length * 7 - 16;
    make(legend, 'rect', { class: name === 'x' ? name : name + '0', x: number(left), y: 5, width: 11, height: 11, rx: 2 });
    make(legend, 'text', { class: 'small quiet', x: number(left + 16), y: 15 }, text);
    right = left - 18;
  }
}

// ---- controls ----
const found = make(head, 'text', { class: 'found quiet end', y: headHeight - 13 });
const field = make(head, 'foreignObject', { y: 10, width: 250, height: 28 });
const input = document.createElementNS('http://www.w3.org/1999/xhtml', 'input');
input.setAttribute('class', 'field');
input.setAttribute('type', 'search');
input.setAttribute('placeholder', 'search: name or regex   /');
input.setAttribute('aria-label', 'search frames');
field.appendChild(input);
const reset = make(head, 'g', { class: 'reset link' });
make(reset, 'rect', { class: 'pill', width: 64, height: 24, rx: 12 });
make(reset, 'text', { class: 'mid', x: 32, y: 16 }, 'reset');
make(reset, 'title', {}, 'Esc');
tabs.replaceChildren();
let tabX = 0;
for (const view of views) {
  const width = Math.round([...view.label].length * 7 + 24);
  const tab = make(tabs, 'g', { class: 'link', transform: 'translate(' + tabX + ' 0)' });
  make(tab, 'rect', { class: 'pill', width, height: 22, rx: 11, 'pointer-events': 'all' });
  make(tab, 'text', { class: 'mid', x: width / 2, y: 15 }, view.label);
  tab.key = view.key;
  tab.addEventListener('click', () => go({ view: view.key }));
  tabX += width + 8;
}
const boxAt = (event) => { const box = event.target.closest('g.link'); return box && box.rect; };
boxes.addEventListener('click', (event) => { const rect = boxAt(event); if (rect) go({ node: rect.i }); });
boxes.addEventListener('mouseover', (event) => {
  const rect = boxAt(event), box = rect && event.target.closest('g.link');
  if (!rect) return;
  const text = rect.folded ? [label(rect.i), rect.folded + ' narrower ' + (rect.folded === 1 ? 'frame' : 'frames') + ' called from here'] : describe(rect.i);
  detail.textContent = text.join('\u2003');
  if (!box.querySelector('title')) make(box, 'title', {}, text.join('\n'));
});
boxes.addEventListener('mouseleave', () => tell(state.node));
const clear = () => { input.value = ''; go({ node: 0, search: '' }); };
reset.addEventListener('click', clear);
input.addEventListener('input', () => go({ search: input.value }, true));
input.addEventListener('keydown', (event) => {
  event.stopPropagation();
  if (event.key === 'Enter') { input.blur(); step(1); }
  if (event.key === 'Escape') { input.value = ''; go({ search: '' }, true); input.blur(); }
});
const switchView = (direction) => {
  const at = views.findIndex((view) => view.key === state.view);
  go({ view: views[(at + direction + views.length) % views.length].key });
};
const keys = {
  '/': () => { input.focus(); input.select(); },
  n: () => step(1), N: () => step(-1), p: () => switchView(1), P: () => switchView(-1),
  Escape: clear, Backspace: back, u: () => go({ node: parentOf[state.node] }),
  i: () => go({ order: state.order === 'flame' ? 'icicle' : 'flame' }),
};
(standalone ? window : svg).addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
if (standalone) {
  addEventListener('popstate', () => { const next = fromHash(); input.value = next.search; show(next); });
  addEventListener('resize', draw);
  addEventListener('scroll', () => head.setAttribute('transform', 'translate(0 ' + Math.max(0, scrollY) + ')'));
}
const linked = standalone ? fromHash() : start;
input.value = linked.search;
show(linked);
svg.setAttribute('data-ready', 'true');
`
