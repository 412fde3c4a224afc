import fc from 'fast-check'

// The same cases on every run: a change is judged by what it changed. FUZZ_SEED=N npm test looks for new ones.
fc.configureGlobal({ seed: Number(process.env['FUZZ_SEED'] ?? 20_261_124) })
