/** deploy/: the dashboard and the alerts ask only for what the service gives. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { before, describe, test } from 'node:test'
import { ownMetrics } from '../../scripts/write-metrics-doc.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { parseExposition } from '../helpers/judges/exposition.ts'
import { startService } from '../helpers/rigs/service.ts'
import { skipped } from '../helpers/skip.ts'

const DEPLOY = resolve(import.meta.dirname, '../../deploy')
const ALERTS = readFileSync(`${DEPLOY}/alerts.yml`, 'utf8')

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
  readonly templating: { readonly list: readonly { readonly definition?: string }[] }
}
const dashboard = JSON.parse(readFileSync(`${DEPLOY}/grafana-dashboard.json`, 'utf8')) as Dashboard
const panelQueries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
const queries = [
  ...panelQueries,
  ...dashboard.templating.list.map(({ definition = '' }) => definition),
  ALERTS.replaceAll(/^ *#.*$|^ *(summary|action):.*$/gm, ''),
]

describe('what deploy/ asks Prometheus for', () => {
  let names: Set<string>

  before(async () => {
    const service = await startService({ transcriber: scriptedTranscriber() })
    const families = parseExposition(await (await fetch(`${service.baseUrl}/metrics`)).text())
    await service.close()
    names = new Set(
      Array.from(families.values()).flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    )
  })

  test('every metric of the dashboard and the alerts is one that the service has', () => {
    const asked = new Set(queries.flatMap((query) => query.match(/\b(paradox|process|nodejs)_\w+/g) ?? []))
    assert.ok(asked.size > 15)
    for (const name of asked) assert.ok(names.has(name), name)
  })

  test('every metric of ours is on the dashboard', () => {
    const shown = panelQueries.join('\n')
    for (const { name } of ownMetrics()) assert.ok(shown.includes(name), name)
  })

  test('every label that a metric is chosen by is one that it has', () => {
    let checked = 0
    for (const [, metric, selectors] of queries.join('\n').matchAll(/\b(paradox_\w+)\{([^}]*)\}/g)) {
      const { labelNames } = ownMetrics().find(({ name }) => metric!.startsWith(name))!
      for (const [, label] of selectors!.matchAll(/(\w+)[=!]~?"/g)) {
        assert.ok([...labelNames, 'instance', 'job'].includes(label!), `${metric} has no ${label}`)
        checked++
      }
    }
    assert.ok(checked > 30)
  })

  test("Prometheus's own tool accepts the alerts", (t) => {
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', `${DEPLOY}/alerts.yml`])
    if (error) return t.skip(skipped('machine', 'promtool is not on this machine'))
    assert.equal(status, 0, `${stdout}${stderr}`)
  })
})
