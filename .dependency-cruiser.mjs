// The rooms and their arrows: files <- probes <- audit <- ui <- cli. Type-only imports count like any other; inline import types, which
// are not seen here, are refused by cli/setup/no-inline-import-type.grit.
const rooms = ['files', 'probes', 'audit', 'ui', 'cli', 'fixtures', 'test']

/** Each room and those that it may import, through their index only. */
const arrows = {
  files: [],
  probes: ['files'],
  audit: ['files', 'probes', 'fixtures'],
  ui: ['files', 'probes', 'audit'],
  cli: ['files', 'probes', 'audit', 'ui'],
  fixtures: ['files'],
}

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment:
        'A circle has no reading order; move what both need to where neither needs the other. Types may refer to each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(arrows).map(([room, allowed]) => ({
      name: `${room}-arrows`,
      comment: `${room} imports ${allowed.length > 0 ? `only ${allowed.join(', ')}` : 'no other room'}.`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: `^(${rooms.filter((other) => other !== room && !allowed.includes(other)).join('|')})/` },
    })),
    {
      name: 'through-the-index',
      comment:
        'Another room is imported through its index.ts, probes and ui also through plain.ts, which loads nothing; fixtures through fixtures/targets/start.ts.',
      severity: 'error',
      from: { path: `^(${Object.keys(arrows).join('|')})/` },
      to: {
        path: '^(files|probes|audit|ui|fixtures)/',
        pathNot: [
          '^$1/',
          '^(files|probes|audit|ui)/index[.]ts$',
          '^(probes|ui)/plain[.]ts$',
          '^fixtures/targets/start[.]ts$',
        ],
      },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'shipped-dependencies-only',
      comment: 'What the package runs with stands under dependencies in package.json.',
      severity: 'error',
      from: { path: '^(files|probes|audit|ui|cli|fixtures)/', pathNot: '^cli/setup/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // Samples are data, scripts of other tools among them.
    exclude: { path: '^(dist|fixtures/samples)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    reporterOptions: {
      mermaid: { minify: false },
    },
  },
}
