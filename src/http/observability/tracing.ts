/** Traces for OpenTelemetry, where its standard variables ask for them; else nothing of it is loaded. */

import type { Logger } from '../../logger.ts'
import type { OtlpTracing } from './otlp-tracing.ts'

export type { OtlpTracing as Tracing } from './otlp-tracing.ts'

/** @returns undefined where no traces are wanted. */
export async function openTracing(env: NodeJS.ProcessEnv, logger: Logger): Promise<OtlpTracing | undefined> {
  if (!isWanted(env)) return undefined
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || SUPPORTED_PROTOCOL
  if (protocol !== SUPPORTED_PROTOCOL) {
    logger.warn({ protocol }, `traces are sent as ${SUPPORTED_PROTOCOL}, whatever OTEL_EXPORTER_OTLP_PROTOCOL says`)
  }
  const sdk = await import('./otlp-tracing.ts')
  return new sdk.OtlpTracing(logger)
}

const SUPPORTED_PROTOCOL = 'http/protobuf'

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
function isWanted(env: NodeJS.ProcessEnv): boolean {
  const hasEndpoint = Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT)
  const isDisabled = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true'
  const exporters = (env.OTEL_TRACES_EXPORTER || 'otlp').split(',').map((name) => name.trim())
  return hasEndpoint && !isDisabled && exporters.includes('otlp')
}
