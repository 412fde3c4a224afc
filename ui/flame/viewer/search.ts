/** Search: over the whole tree that is shown, not over what is drawn. */
export const VIEWER_SEARCH = `
let isMatch = null, hits = [], matched = null;
function find() {
  hits = []; isMatch = null; matched = null;
  if (!state.search) return;
  const pattern = patternOf(state.search);
  isMatch = names.map((name, i) => i > 0 && pattern.test(name) ? 1 : 0);
  const { size, nameOf, endOf } = tree, { width } = current, functions = new Set();
  let unique = 0, upper = 0, total = 0, until = 0, frames = 0;
  for (let i = 1; i < size; i++) {
    if (isMatch[nameOf[i]] === 0 || !(width[i] > 0)) continue;
    frames++; functions.add(nameOf[i]);
    total += width[i];
    if (i < until) continue;
    hits.push(i); until = endOf[i];
    if (i < tree.split) unique += width[i]; else upper += width[i];
  }
  hits.sort((a, b) => width[b] - width[a] || a - b);
  matched = { unique, upper, total, frames, functions: functions.size, isText: !pattern.isPattern };
}
/** Unique counts a stack once, total once for each of its frames that match. */
function foundText() {
  if (!matched) return '';
  const share = (weight) => percent(current.width[0] > 0 ? weight / current.width[0] : 0);
  const at = hits.indexOf(state.node);
  const shares = state.of ? share(matched.unique) + ' of callees, ' + share(matched.upper) + ' of callers' : share(matched.unique) + ' unique, ' + share(matched.total) + ' total';
  return 'matched ' + (matched.isText ? 'as text (no pattern): ' : '') + shares + ' · ' + plural(matched.frames, 'frame') + ', ' + plural(matched.functions, 'function') +
    (hits.length > 0 ? ' · ' + (at < 0 ? '–' : at + 1) + ' of ' + hits.length : '');
}
/** To the next match, the widest first; matches below a match are seen with it. */
function step(direction) {
  if (hits.length === 0) return;
  const at = hits.indexOf(state.node);
  go({ node: hits[at < 0 && direction < 0 ? hits.length - 1 : (at + direction + hits.length) % hits.length] });
}
`
