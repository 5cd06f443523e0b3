/**
 * Compiles `src/` to `dist/`, which is what the package holds: Node takes types away from sources only outside of
 * node_modules. In the project itself nobody needs it.
 *
 * usage: scripts/node scripts/build-lib.ts
 */

import { execFileSync } from 'node:child_process'
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')

/** Addresses of processes' entries, which the compiler does not rewrite as it does imports. */
const ENTRY_ADDRESS = /new URL\('(\.\/[\w/-]+)\.ts', import\.meta\.url\)/g
/** In declarations it rewrites no imports at all. */
const DECLARED_IMPORT = /((?:from |import\(|import )['"]\.{1,2}\/[\w./-]+)\.ts(['"])/g

// The page lies there too, built by its own tool.
for (const name of globSync('*', { cwd: DIST, exclude: ['web'] })) rmSync(join(DIST, name), { recursive: true })
execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
})

for (const file of globSync('**/*.{js,d.ts}', { cwd: DIST })) {
  const path = join(DIST, file)
  const text = readFileSync(path, 'utf8')
  const [pattern, replacement] = file.endsWith('.d.ts')
    ? [DECLARED_IMPORT, '$1.js$2']
    : [ENTRY_ADDRESS, "new URL('$1.js', import.meta.url)"]
  const rewritten = text.replace(pattern, replacement)
  if (/['"]\.{1,2}\/[\w./-]*\.ts['"]/.test(rewritten)) throw new Error(`dist/${file} still names a source`)
  if (rewritten !== text) writeFileSync(path, rewritten)
}

// Whatever the sources read beside themselves; those of the page are no part of it.
for (const file of globSync('**/*', { cwd: join(ROOT, 'src'), exclude: ['**/*.ts', 'web/**'], withFileTypes: true })) {
  if (!file.isFile()) continue
  const from = join(file.parentPath, file.name)
  cpSync(from, join(DIST, from.slice(join(ROOT, 'src').length)))
}
