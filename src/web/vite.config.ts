/** Builds the page into `dist/web`: hashed files, each with its compressed forms beside it. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const OUTPUT = resolve(import.meta.dirname, '../../dist/web')
/** Below a packet's size nothing is gained. */
const WORTH_COMPRESSING_BYTES = 1_000

export default defineConfig({
  root: import.meta.dirname,
  base: './', // a proxy may serve the page below a path of its own
  publicDir: false,
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    // The first browsers that have all of `light-dark()`, popovers and CSS nesting.
    target: ['chrome125', 'edge125', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0, // a data: address would need its own leave in the content-security policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      onwarn(warning, warn) {
        if (warning.code !== 'INVALID_ANNOTATION') warn(warning) // in comments of zod, which change nothing
      },
    },
  },
  plugins: [compressed()],
})

/** Compresses once, at the strongest setting, what would else be compressed for every visitor. */
function compressed(): Plugin {
  return {
    name: 'compressed-files',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(OUTPUT, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name)
        if (!entry.isFile() || !/\.(html|js|css|svg)$/.test(file)) continue
        const bytes = readFileSync(file)
        if (bytes.length < WORTH_COMPRESSING_BYTES) continue
        writeFileSync(
          `${file}.br`,
          brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
        )
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
      }
    },
  }
}
