/** Mouse, touch and keyboard. The last part: it starts the viewer. */
export const VIEWER_INPUT = String.raw`
// ---- mouse and touch ----
/** The box under a pointer, as an element of its own. */
function boxAt({ target, clientX, clientY }) {
  if (!target.rects) return target.closest && target.closest('.boxes g.link');
  const { x } = new DOMPoint(clientX, clientY).matrixTransform(target.getScreenCTM().inverse());
  return boxOf(target.rects.find((rect) => x < rect.x + rect.w));
}
const HOLD_MS = 500;
let hovered = -1, hold = null, wasHeld = false;
const letGo = () => { clearTimeout(hold && hold.timer); hold = null; };
boxes.addEventListener('click', (event) => {
  const box = boxAt(event);
  if (!box) return;
  event.stopPropagation();
  if (closeCards()) return;
  mark(-1, false);
  go({ node: box.rect.i });
});
// Pointer events say fractions of a pixel, mouse events cut them off: the narrowest boxes would be missed by one.
boxes.addEventListener('pointerover', (event) => {
  const box = boxAt(event);
  if (!box) return;
  const text = describeRect(box.rect);
  hovered = box.rect.i;
  tellText(...text);
  if (!box.querySelector('title')) make(box, 'title', {}, text.join('\n').replaceAll(' · ', '\n'));
});
boxes.addEventListener('mouseleave', () => { hovered = -1; tell(rectOf.get(selected)); });
boxes.addEventListener('contextmenu', (event) => {
  const box = boxAt(event);
  if (!box) return;
  event.preventDefault();
  if (!card) showAt(box, event);
});
const showAt = (box, event) => {
  const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  showBox(box.rect, spot.x + 4, spot.y + 4);
};
boxes.addEventListener('pointerdown', (event) => {
  letGo();
  const box = event.pointerType === 'touch' && boxAt(event);
  if (box) hold = { x: event.clientX, y: event.clientY, timer: setTimeout(() => { hold = null; wasHeld = true; showAt(box, event); }, HOLD_MS) };
});
boxes.addEventListener('pointermove', (event) => { if (hold && Math.hypot(event.clientX - hold.x, event.clientY - hold.y) > 10) letGo(); });
for (const type of ['pointerup', 'pointercancel', 'pointerleave']) boxes.addEventListener(type, letGo);
// The finger that was held is lifted: what a browser makes a click of is none.
svg.addEventListener('pointerdown', () => { wasHeld = false; }, true);
svg.addEventListener('click', (event) => { if (wasHeld) event.stopPropagation(); wasHeld = false; }, true);
svg.addEventListener('click', () => closeCards());
// Boxes are replaced under the mouse: leaving one is not always told.
svg.addEventListener('pointerover', ({ target }) => { if (!boxes.contains(target)) hovered = -1; });

// ---- keyboard ----
/** The box that keys are about: of the open card, under the mouse, under the cursor, or what is zoomed to. */
const target = () => cardNode >= 0 ? cardNode : hovered >= 0 ? hovered : selected >= 0 ? selected : state.node;
/** From box to box as they are seen: up and down to the widest that touches, sideways to the next. */
function walk(dx, dy) {
  const here = rectOf.get(selected);
  if (!here) { mark(state.node, true); return; }
  const real = drawn.rects.filter((rect) => !rect.folded && rect.row === here.row + dy);
  const touching = (rect) => Math.min(rect.x + rect.w, here.x + here.w) - Math.max(rect.x, here.x);
  let next = null;
  for (const rect of real) {
    const better = dy !== 0 ? touching(rect) > 0 && (!next || touching(rect) > touching(next))
      : dx > 0 ? rect.x > here.x && (!next || rect.x < next.x) : rect.x < here.x && (!next || rect.x > next.x);
    if (better) next = rect;
  }
  if (next) { hovered = -1; mark(next.i, true); }
}
/** One step towards the whole picture: card, search, cursor, zoom. */
function escape() {
  if (closeCards()) return;
  if (state.search) { input.value = ''; go({ search: '' }, true); return; }
  if (selected >= 0) { boxOf(rectOf.get(selected)).blur(); mark(-1); return; }
  if (state.node > 0) go({ node: 0 });
}
const turn = (list, key, direction) => list[(list.indexOf(key) + direction + list.length) % list.length];
const keysOf = columns.map((column) => column.key);
const swap = () => { if (current.base) go({ view: state.base, base: state.view }); };
const switchPhase = (direction) => {
  // Of two that are compared there is no third to go to.
  if (current.base && columns.length === 2) return swap();
  const key = turn(keysOf, state.view, direction); go({ view: key === state.base ? turn(keysOf, key, direction) : key });
};
const switchBase = (direction) => { if (columns.length > 1) { const list = ['', ...keysOf.filter((key) => key !== state.view)]; go({ base: turn(list, state.base, direction) }); } };
const keys = {
  '/': () => { closeCards(); input.focus(); input.select(); },
  n: () => step(1), N: () => step(-1), '#': searchTarget,
  p: () => switchPhase(1), P: () => switchPhase(-1), b: () => switchBase(1), B: () => switchBase(-1),
  w: swap,
  r: reverse, s: sandwich, f: focus, x: drop, h: hide, c: toggle('recursion', 'collapsed', ''), i: toggle('order', 'flame', 'icicle'), u: nextUnit,
  m: togglePanel, t: () => { if (standalone) go({ theme: isDark() ? 'light' : 'dark' }); }, '?': () => showHelp(),
  Escape: escape, Backspace: back, Home: () => go({ node: 0 }), '.': () => openSelected(),
  Enter: () => { const node = target(); closeCards(); if (node >= 0) go({ node }); },
  ArrowUp: () => walk(0, -1), ArrowDown: () => walk(0, 1), ArrowLeft: () => walk(-1, 0), ArrowRight: () => walk(1, 0),
};
for (const [i, key] of keysOf.slice(0, 9).entries()) keys[i + 1] = () => go({ view: key, base: state.base === key ? '' : state.base });
const openSelected = () => { const box = boxOf(rectOf.get(target())); if (box) showBox(box.rect, box.rect.x + FIXED.margin + 20, box.getBoundingClientRect().bottom + (standalone ? scrollY : 0) + 4); };
(standalone ? window : svg).addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
input.addEventListener('input', () => go({ search: input.value }, true));
input.addEventListener('keydown', (event) => {
  event.stopPropagation();
  if (event.key === 'Enter') { input.blur(); step(1); }
  // The first press leaves the field, the next one ends the search.
  if (event.key === 'Escape') { event.preventDefault(); input.blur(); }
});
boxes.setAttribute('tabindex', '0');
boxes.setAttribute('role', 'tree');
boxes.setAttribute('aria-label', 'stacks: arrow keys walk, Enter zooms');
boxes.addEventListener('focus', (event) => { if (event.target === boxes && selected < 0 && boxes.matches(':focus-visible')) mark(state.node, false); });

// ---- dark and light ----
// The style sheet's dark part follows the system; a choice of the reader's replaces its condition.
const isDark = () => state.theme ? state.theme === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
const darkRule = [...svg.querySelector('style').sheet.cssRules].find((rule) => rule.media && rule.media.mediaText.includes('prefers-color-scheme'));
const darkWhen = darkRule && darkRule.media.mediaText;
function applyTheme() {
  const when = state.theme === 'dark' ? 'screen' : state.theme === 'light' ? 'not all' : darkWhen;
  // Saying it again would have every style computed again.
  if (darkRule && darkRule.media.mediaText !== when) darkRule.media.mediaText = when;
}

if (standalone) {
  addEventListener('popstate', () => { const next = fromHash(); input.value = next.search; show(next); });
  addEventListener('resize', draw);
  addEventListener('scroll', () => head.setAttribute('transform', 'translate(0 ' + Math.max(0, scrollY) + ')'));
  matchMedia('(prefers-color-scheme:dark)').addEventListener('change', draw);
}
const linked = standalone ? fromHash() : { ...start };
input.value = linked.search;
show(linked);
svg.setAttribute('data-ready', 'true');
`
