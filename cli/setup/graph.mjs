// Draws the imports as they are into docs/imports.md, folder by folder: run it when a room has changed its shape.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const rooms = ['files', 'probes', 'audit', 'ui', 'cli', 'fixtures']
const inside = `^(${rooms.join('|')})/`
const drawing = execFileSync(
  process.execPath,
  [
    join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
    ...[
      '--output-type',
      'mermaid',
      '--include-only',
      inside,
      '--exclude',
      '^cli/setup/',
      '--collapse',
      `${inside}[^/]+`,
    ],
    ...rooms,
  ],
  { cwd: root, encoding: 'utf8' },
)
writeFileSync(
  join(root, 'docs/imports.md'),
  `# Imports

Drawn by \`npm run graph\` from the source; \`npm run check\` refuses an arrow that points the other way
(\`.dependency-cruiser.mjs\`): files ← probes ← audit ← ui ← cli, and another room only through its \`index.ts\`.

\`\`\`mermaid
${drawing.trim()}
\`\`\`
`,
)
