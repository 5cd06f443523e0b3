/**
 * What a test of the page needs: Debian's Chromium before a real service on real weights. Each page is watched: a
 * script that fails, a refusal by the content-security policy or a request to anywhere else fails the test.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import { pageRecordings } from '../helpers/data/page-recordings.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'
import { skipped } from '../helpers/skip.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const ARTEFACTS = join(ROOT, 'test-artefacts/page')
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A phone, a tablet and a desk, in CSS pixels. */
export const WIDTHS = [360, 768, 1280] as const
const HEIGHTS: Readonly<Record<number, number>> = { 360: 740, 768: 1024, 1280: 860 }

/** The waveform follows a change of the window after a pause. */
const REDRAW_MS = 400

const browserPath = process.env.CHROMIUM_PATH || BROWSERS.find((path) => existsSync(path))

/** For node:test: `describe('…', { skip: noBrowser }, …)`, where no model has to run. */
export const noBrowser: string | false =
  (browserPath === undefined &&
    skipped('data', 'no browser: scripts/install-browser.sh installs Chromium, or CHROMIUM_PATH names it')) ||
  (!existsSync(join(ROOT, 'dist/web/index.html')) &&
    skipped('data', 'the page for the browser is not built; run "make setup"'))

/** For node:test: `describe('…', { skip: noPage }, …)`. */
export const noPage: string | false = noBrowser || baseFolder().skip || pageRecordings.skip

/** The recordings of the tests by what they are there for. */
export const RECORDINGS = pageRecordings.recordings
/** A sentence of a few seconds, as plain WAV. */
export const SENTENCE = RECORDINGS.sentence.path
export const SENTENCE_FILE = basename(SENTENCE)
/** The beginning of the name of a link to its transcript. */
export const SENTENCE_LINK = new RegExp(`^${SENTENCE_FILE.replaceAll('.', '\\.')}`)
export const SENTENCE_SAID = RECORDINGS.sentence.said
/** Between one minute and two, of many sentences. */
export const LONG = RECORDINGS.long.path

export interface PageRig extends AsyncDisposable {
  readonly service: ServiceProcess
  /** A page in a browser profile of its own. */
  open(options?: OpenOptions): Promise<Page>
}

export interface OpenOptions extends BrowserContextOptions {
  /** Below the service's address. */
  readonly path?: string
  /** Another tab of its browser profile, whose options it has. */
  readonly beside?: Page
  /** Whether the service may be away: then the browser's own messages about it are no failure. */
  readonly mayBeAway?: boolean
}

export interface RigOptions {
  /** Settings of the service. */
  readonly env?: NodeJS.ProcessEnv
  /** Of the browser, beside those that it always has. */
  readonly args?: readonly string[]
}

export async function startPageRig({ env = {}, args = [] }: RigOptions = {}): Promise<PageRig> {
  const service = await startPageService(env)
  const browser = await launchBrowser(args)
  return {
    service,
    open: (options) => openPage(browser, service.baseUrl, options),
    async [Symbol.asyncDispose]() {
      await browser.close()
      await service.stop()
    },
  }
}

export async function launchBrowser(args: readonly string[] = []): Promise<Browser> {
  return await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', ...args] })
}

/** The service with Whisper base as its default model. */
export async function startPageService(env: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
  const settings = { DEFAULT_MODEL_ID: 'base', HF_HUB_OFFLINE: '1', MODEL_TTL: '-1', ...env }
  return await startServiceProcess(settings)
}

async function openPage(browser: Browser, baseUrl: string, options: OpenOptions = {}): Promise<Page> {
  const { path = '/', mayBeAway = false, beside, ...context } = options
  const usual = { viewport: { width: 1280, height: 860 }, locale: 'en-GB' }
  const profile = beside?.context() ?? (await browser.newContext({ ...usual, ...context }))
  const page = await profile.newPage()
  const failures: string[] = []
  FAILURES.set(page, failures)
  page.on('pageerror', (error) => failures.push(`a script failed: ${error.stack ?? error.message}`))
  page.on('console', (message) => {
    // Of answers with an error status, which are what the page is there to explain.
    const isAnswer = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isAnswer) failures.push(`the browser complains: ${message.text()}`)
  })
  page.on('request', (request) => {
    const isOwn = [baseUrl, 'blob:', 'data:'].some((prefix) => request.url().startsWith(prefix))
    if (!isOwn) failures.push(`a request to elsewhere: ${request.url()}`)
  })
  page.setDefaultTimeout(60_000)
  await page.goto(`${baseUrl}${path}`).catch((error) => {
    if (!mayBeAway) throw error
  })
  return page
}

const FAILURES = new WeakMap<Page, string[]>()

/** To be called at the end of a test. */
export async function closePage(page: Page): Promise<void> {
  await page.context().close()
  assert.deepEqual(FAILURES.get(page), [])
}

/** Sends files by the field that the button "Choose files" opens. */
export async function choose(
  page: Page,
  files: string | string[] | { name: string; mimeType: string; buffer: Buffer }[],
) {
  await page.locator('.drop-zone input[type=file]').setInputFiles(files)
}

/** The text of the transcript that is shown, segment by segment. */
export function segments(page: Page): Locator {
  return page.locator('.segment-text')
}

/** Waits until the transcript that is shown is done. */
export async function done(page: Page): Promise<void> {
  await page.locator('.transcript .downloads').waitFor({ timeout: 120_000 })
}

/**
 * Pictures of a state at three widths, and what axe finds in it at each: nothing serious. On no width does anything
 * reach over the edge.
 */
export async function picture(t: TestContext, page: Page, name: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true })
  const before = page.viewportSize()!
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHTS[width]! })
    await page.waitForTimeout(REDRAW_MS)
    await page.screenshot({ path: join(ARTEFACTS, `${name}-${width}.png`), animations: 'disabled' })
    const widest = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(widest <= width, `${name}: ${widest} pixels wide on ${width}`)
    await checkAccessible(t, page, `${name} at ${width}`)
  }
  await page.setViewportSize(before)
}

export async function checkAccessible(t: TestContext, page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  const found = violations.map(({ id, impact, nodes }) => ({
    id,
    impact,
    where: nodes.map(({ html }) => html.slice(0, 160)),
  }))
  for (const { id, impact } of found) t.diagnostic(`${name}: axe finds ${id} (${impact})`)
  assert.deepEqual(
    found.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
    [],
    name,
  )
}
