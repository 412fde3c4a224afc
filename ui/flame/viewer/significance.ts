/**
 * Which boxes of a difference differ beyond chance: audit/profile/significance.ts and binomial.ts again, where the
 * sources of the formulas stand (test/browser holds both to each other).
 */
export const VIEWER_SIGNIFICANCE = `
const EXACT_UP_TO = 100;
const logFactorial = new Float64Array(EXACT_UP_TO + 1);
for (let n = 1; n <= EXACT_UP_TO; n++) logFactorial[n] = logFactorial[n - 1] + Math.log(n);
function normalTail(z) {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z < 2.5) {
    let term = z, sum = z;
    for (let odd = 3; term > 1e-12 * sum; odd += 2) { term *= z * z / odd; sum += term; }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 40; k > 0; k--) fraction = z + k / fraction;
  return density / fraction;
}
/** Two-sided p-values of x among n when each has the chance p. */
function binomialTestFor(p) {
  const width = EXACT_UP_TO + 1, known = new Float64Array(width * width).fill(-1);
  const exact = (x, n, p) => {
    let term = Math.exp(logFactorial[n] - logFactorial[x] - logFactorial[n - x] + x * Math.log(p) + (n - x) * Math.log1p(-p)), sum = term;
    for (let k = x; k > 0 && term > 1e-12 * sum; k--) { term *= k / (n - k + 1) * ((1 - p) / p); sum += term; }
    return sum;
  };
  const near = (x, n, p, remaining) => {
    const seen = x + 0.5, expected = n * p, rest = n - seen;
    if (seen >= expected) return 0.5;
    const deviance = seen * Math.log(seen / expected) + rest * Math.log(rest / (n - expected));
    const distance = (n + 1 / 3) * p - (x + 2 / 3) - 0.02 * ((1 - p) / (x + 1) - p / (n - x) + (0.5 - p) / (n + 1));
    return normalTail(distance / (expected - seen) * Math.sqrt(2 * deviance / (1 + 1 / (6 * n)) / remaining));
  };
  return (x, n, remaining) => {
    const isLow = x <= n * p, low = isLow ? x : n - x, chance = isLow ? p : 1 - p;
    if (n > EXACT_UP_TO || !Number.isInteger(x) || !Number.isInteger(n)) return Math.min(1, 2 * near(low, n, chance, remaining));
    const at = n * width + x;
    if (known[at] < 0) known[at] = Math.min(1, 2 * exact(low, n, chance));
    return known[at];
  };
}

/** What is compared, a node each; events are those that were seen, of both sides. By leaf (its index): what a stack itself has of it. */
function sidesOf(tree, base, column, exposures) {
  const spread = about.unit === 'ns' ? 2 : 1;
  const varianceOf = ({ self, counts }, k) => self[k] > 0 ? spread * self[k] * self[k] / counts[k] : 0;
  const byLeaf = {
    base: (k) => base.self[k], candidate: (k) => column.self[k],
    variance: (k) => varianceOf(base, k) + varianceOf(column, k), events: (k) => base.counts[k] + column.counts[k],
  };
  let allVariance = 0;
  if (exposures.isShare) leaves.forEach((_, k) => { allVariance += byLeaf.variance(k); });
  const variance = summedOf(tree, byLeaf.variance);
  return {
    byLeaf, variance, base: summedOf(tree, byLeaf.base), candidate: summedOf(tree, byLeaf.candidate),
    // Of samples and counts each is its own event: one array is both.
    events: about.counts ? summedOf(tree, byLeaf.events) : variance,
    baseExposure: exposures.base, candidateExposure: exposures.candidate,
    whole: exposures.isShare ? { weight: base.total + column.total, variance: allVariance } : null,
  };
}
const rounded6 = (count) => Math.round(count * 1e6) / 1e6;
// Weights as numbers of events: of both sides, of the candidate, and the part of the variance that remains. One object
// for all, since there are as many questions as nodes; eventsOf says whether it has an answer.
const seen = { events: 0, ofCandidate: 0, remaining: 0 };
function eventsOf({ whole, baseExposure, candidateExposure }, base, candidate, variance) {
  const weight = base + candidate, share = whole ? weight / whole.weight : 0, remaining = 1 - share;
  const spread = whole ? (remaining * remaining * variance + share * share * (whole.variance - variance)) / remaining : variance;
  const events = weight * weight / spread;
  seen.events = rounded6(events);
  seen.ofCandidate = Math.max(0, rounded6(candidate / weight * events));
  seen.remaining = remaining;
  return baseExposure > 0 && candidateExposure > 0 && remaining > 1e-9 && events > 1e-6 && events < Infinity;
}
function significantOf(sides) {
  const { base, candidate, variance, whole, baseExposure, candidateExposure } = sides, size = base.length;
  const chance = candidateExposure / (baseExposure + candidateExposure), test = binomialTestFor(chance);
  const fewest = Math.log(FIXED.falseDiscoveries / 2) / Math.log(Math.min(chance, 1 - chance));
  const significant = new Uint8Array(size), nodes = [], pValues = [];
  let tested = 0;
  for (let i = 0; i < size; i++) {
    const isMost = whole && base[i] + candidate[i] > whole.weight / 2;
    const isKnown = isMost ? eventsOf(sides, baseExposure - base[i], candidateExposure - candidate[i], whole.variance - variance[i]) : eventsOf(sides, base[i], candidate[i], variance[i]);
    if (!isKnown || seen.events < fewest) continue;
    const p = test(seen.ofCandidate, seen.events, seen.remaining);
    if (p <= 1) tested++;
    if (p <= FIXED.falseDiscoveries) { nodes.push(i); pValues.push(p); }
  }
  const ascending = Float64Array.from(pValues).sort();
  let limit = -1;
  for (let i = ascending.length - 1; i >= 0 && limit < 0; i--) if (ascending[i] <= (i + 1) / tested * FIXED.falseDiscoveries) limit = ascending[i];
  nodes.forEach((node, k) => { if (pValues[k] <= limit) significant[node] = 1; });
  return { significant, tested, ascending };
}
/** 95 % interval of the candidate over the base. */
function intervalOf(sides, i) {
  if (!eventsOf(sides, sides.base[i], sides.candidate[i], sides.variance[i])) return null;
  const { events: n, ofCandidate: x, remaining } = seen, p = x / n, z2 = 1.959964 * 1.959964 * remaining;
  const edge = (sign) => (2 * n * p + z2 + sign + sign * Math.sqrt(z2) * Math.sqrt(Math.max(0, z2 + sign * 2 - 1 / n + 4 * p * (n * (1 - p) - sign)))) / (2 * (n + z2));
  const rate = (part) => part / (1 - part) * sides.baseExposure / sides.candidateExposure;
  return { low: x > 0 ? rate(Math.max(0, edge(-1))) : 0, high: x < n ? rate(Math.min(1, edge(1))) : Infinity };
}
const changeKind = (a, b) => {
  if (a === b) return 'eq';
  if (a === 0) return 'nw';
  if (b === 0) return 'go';
  const ratio = b / a, times = ratio > 1 ? ratio : 1 / ratio;
  const step = FIXED.steps.filter((limit) => times >= limit).length;
  return step === 0 ? 'eq' : (ratio > 1 ? 'g' : 's') + step;
};
/** The test's answers; scales make weights of what is shown. Without numbers of events nothing is tested. */
function judged(sides, scales) {
  const { significant } = significantOf(sides), isTested = sides.events.some((events) => events > 0);
  const a = (i) => sides.base[i] * scales.a, b = (i) => sides.candidate[i] * scales.b;
  return {
    significant, isTested, a, b,
    kind: (i) => (isTested && !significant[i] ? 'eq' : changeKind(a(i), b(i))) + (isTested && sides.events[i] < FIXED.few ? ' few' : ''),
    interval: (i) => intervalOf(sides, i),
    note: (i) => !isTested ? '' : (significant[i] || a(i) === b(i) ? '' : 'not beyond chance, ') + plural(sides.events[i], 'event'),
  };
}
`
