/** Failures of the start: what is configured cannot be had. */

import { AsrError } from './asr-error.ts'

export class ConfigError extends AsrError {
  override readonly name = 'ConfigError'
  readonly code = 'ASR_CONFIG_INVALID'
  readonly remedy: string

  constructor(setting: string, value: string, allowed: string) {
    super(`Setting ${setting} has the value '${value}', which is not allowed.`)
    this.remedy = `Use ${allowed}.`
  }
}

export class DeviceUnavailableError extends AsrError {
  override readonly name = 'DeviceUnavailableError'
  readonly code = 'ASR_DEVICE_UNAVAILABLE'
  readonly remedy = 'Set DEVICE to a device of this machine, for example DEVICE=cpu, or to DEVICE=auto.'

  constructor(device: string, reason: string, options?: ErrorOptions) {
    super(`Device '${device}' cannot be used (${reason}).`, options)
  }
}

export class AddressUnavailableError extends AsrError {
  override readonly name = 'AddressUnavailableError'
  readonly code = 'ASR_ADDRESS_UNAVAILABLE'
  readonly remedy = 'Stop the program that uses it, or set HOST and PORT to a free address of this machine.'

  constructor(host: string, port: number, reason: string, options?: ErrorOptions) {
    super(`The service cannot listen on ${host}:${port} (${reason}).`, options)
  }
}
