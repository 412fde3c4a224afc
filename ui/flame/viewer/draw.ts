/**
 * Places and draws the boxes that are wide enough: the same picture as ../layout.ts and ../boxes.ts make. Elements are
 * what costs a browser, so boxes without text share a path for each row and colour until one of them is touched.
 */
export const VIEWER_DRAW = String.raw`
const boxes = $('boxes');
const number = (value) => String(Math.round(value * 100) / 100);
/** The boxes of one half (a whole picture has but one) around the node it is zoomed to, by distance from the root. */
function placeHalf(inner, root, isAbove, rects) {
  const { width } = current, { parentOf, endOf } = tree;
  const scale = width[root] > 0 ? inner / width[root] : 0;
  const chain = [];
  for (let i = root; i > 0; i = parentOf[i]) chain.unshift(parentOf[i]);
  let next = rects.length;
  chain.forEach((i, depth) => rects.push({ i, x: 0, w: inner, depth, folded: 0, outer: true, above: isAbove, from: 0 }));
  next += chain.length;
  rects.push({ i: root, x: 0, w: inner, depth: chain.length, folded: 0, above: isAbove, from: 0 });
  for (; next < rects.length; next++) {
    const parent = rects[next];
    if (parent.folded) continue;
    const limit = parent.x + parent.w, depth = parent.depth + 1;
    const edge = (weight) => Math.min(limit, Math.max(parent.x, weight * scale));
    let from = parent.from, foldedFrom = from, folded = 0;
    const close = () => {
      const x = edge(foldedFrom), w = edge(from) - x;
      if (folded > 0 && w >= 1) rects.push({ i: parent.i, x, w, depth, folded, above: isAbove, from: foldedFrom });
      folded = 0;
    };
    const [first, end] = below(tree, parent.i, isAbove);
    for (let i = first; i < end; i = endOf[i]) {
      if (!(width[i] > 0)) continue;
      const x = edge(from), w = edge(from + width[i]) - x;
      if (w >= 1) { close(); rects.push({ i, x, w, depth, folded: 0, above: isAbove, from }); }
      else if (folded++ === 0) foldedFrom = from;
      from += width[i];
    }
    close();
  }
}
/** All boxes by row, from the top; of a sandwich the callers stand above the function. */
function place(inner) {
  const upper = [], lower = [], inUpper = state.node >= tree.split;
  if (tree.size > tree.split || state.of) placeHalf(inner, inUpper ? state.node : 0, true, upper);
  placeHalf(inner, inUpper ? 0 : state.node, false, lower);
  const above = upper.length > 0 ? upper[upper.length - 1].depth : 0;
  const rects = [...upper.filter((rect) => rect.depth > 0).sort((a, b) => b.depth - a.depth), ...lower];
  for (const rect of rects) rect.row = rect.above ? above - rect.depth : above + rect.depth;
  const rows = above + lower[lower.length - 1].depth + 1;
  if (state.order === 'flame') for (const rect of rects) rect.row = rows - 1 - rect.row;
  return { rects, rows };
}
function boxText(rect) {
  if (rect.w < FIXED.minTextWidth) return '';
  const room = Math.floor((rect.w - 7) / FIXED.character);
  if (rect.folded) return room > 1 ? '···'.slice(0, room) : '';
  const text = label(rect.i);
  // Plain names are the common case, and splitting a text into glyphs the dear one.
  if (/^[ -~]*$/.test(text)) return text.length <= room ? text : room > 1 ? text.slice(0, room - 1) + '…' : '';
  const glyphs = [...text];
  let used = 0;
  for (let n = 0; n < glyphs.length; n++) {
    used += glyphs[n] < '\u1100' ? 1 : 2;
    if (used > room) return n > 1 ? glyphs.slice(0, n - 1).join('') + '…' : '';
  }
  return text;
}
const boxClass = (rect) => rect.folded ? 'f' : current.base ? current.kind(rect.i) : rect.i === 0 && !state.of ? 'r' : classOfName[tree.nameOf[rect.i]];

let drawn = { rects: [], rows: 0 }, selected = -1, pictureWidth = svg.width.baseVal.value;
const fixedWidth = pictureWidth;
const rectOf = new Map();
const drawnWidth = (rect) => number(rect.w - Math.min(0.6, rect.w * 0.3));
/** Whether a search is on and what it says of a box. */
const matchClass = (rect) => !isMatch ? '' : !rect.folded && isMatch[tree.nameOf[rect.i]] ? ' match' : ' dim';
/** A box of its own. */
function drawBox(row, rect, text) {
  const isPivot = state.of && rect.i === 0 && !rect.folded;
  rect.box = make(row, 'g', { class: 'link' + (rect.outer ? ' above' : '') + (isPivot ? ' pivot' : '') + matchClass(rect) });
  rect.box.rect = rect;
  make(rect.box, 'rect', { class: boxClass(rect), x: number(rect.x), width: drawnWidth(rect), height: FIXED.boxHeight });
  if (text) make(rect.box, 'text', { x: number(rect.x + 4), y: 12 }, text);
}
const outline = ({ rects }) => rects.map((rect) => { const width = drawnWidth(rect); return 'M' + number(rect.x) + ' 0h' + width + 'v' + FIXED.boxHeight + 'h-' + width + 'z'; }).join('');
/** The element of a box; it leaves the path that it shared. */
function boxOf(rect) {
  if (!rect || rect.box) return rect && rect.box;
  const { path } = rect;
  path.rects.splice(path.rects.indexOf(rect), 1);
  path.setAttribute('d', outline(path));
  drawBox(path.parentNode, rect, '');
  return rect.box;
}
function drawRow(row, rects) {
  const paths = new Map();
  for (const rect of rects) {
    const text = boxText(rect);
    if (text || rect.outer || rect.w >= FIXED.minTextWidth) { drawBox(row, rect, text); continue; }
    const kind = boxClass(rect) + matchClass(rect);
    if (!paths.has(kind)) { const path = make(row, 'path', { class: 'link ' + kind }); path.rects = []; paths.set(kind, path); }
    rect.path = paths.get(kind);
    rect.path.rects.push(rect);
  }
  for (const path of paths.values()) path.setAttribute('d', outline(path));
}
function draw() {
  pictureWidth = standalone ? Math.max(360, document.documentElement.clientWidth || innerWidth) : fixedWidth;
  // Asked before anything changes: afterwards the answer would cost a layout of its own.
  const windowHeight = standalone ? document.documentElement.clientHeight || innerHeight : 0;
  const headHeight = drawHead(), panel = panelPlace();
  const inner = pictureWidth - 2 * FIXED.margin - panel.beside;
  drawn = place(inner);
  const rows = Array.from({ length: drawn.rows }, () => []);
  rectOf.clear();
  for (const rect of drawn.rects) {
    rows[rect.row].push(rect);
    if (!rect.folded) rectOf.set(rect.i, rect);
  }
  boxes.replaceChildren(...rows.map((rects, level) => {
    const row = make(null, 'g', { transform: 'translate(0 ' + level * FIXED.row + ')' });
    drawRow(row, rects);
    return row;
  }));
  boxes.setAttribute('transform', 'translate(' + FIXED.margin + ' ' + headHeight + ')');
  const boxesHeight = drawn.rows * FIXED.row, panelHeight = drawPanel(panel, headHeight, boxesHeight);
  const height = headHeight + Math.max(panel.beside ? panelHeight : 0, boxesHeight + (panel.beside ? 0 : panelHeight)) + FIXED.margin;
  resize(Math.max(height, windowHeight));
  svg.querySelector('title').textContent = about.title + ': ' + viewLabel();
  mark(selected, false);
}
/** Alone in a window the picture fills it, so that cards have room. */
function resize(height) {
  for (const element of [svg, $('back')]) {
    if (standalone) element.setAttribute('width', pictureWidth);
    element.setAttribute('height', height);
  }
  svg.setAttribute('viewBox', '0 0 ' + pictureWidth + ' ' + height);
}
const viewLabel = () => current.base ? current.column.label + ' − ' + current.base.label : current.column.label;
/** Moves the cursor to a drawn box; -1 takes it away. */
function mark(node, isFocused) {
  const old = (rectOf.get(selected) || {}).box;
  if (old) { old.classList.remove('sel'); old.removeAttribute('tabindex'); }
  selected = rectOf.has(node) ? node : -1;
  const box = boxOf(rectOf.get(selected));
  tell(box && box.rect);
  if (!box) return;
  box.classList.add('sel');
  box.parentNode.appendChild(box);
  box.setAttribute('tabindex', '-1');
  box.setAttribute('role', 'treeitem');
  box.setAttribute('aria-level', box.rect.depth + 1);
  box.setAttribute('aria-label', describe(selected).join(', '));
  if (isFocused) box.focus();
}
`
