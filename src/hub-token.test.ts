import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../test/helpers/rigs/temp-folder.ts'
import { skipped } from '../test/helpers/skip.ts'
import { readConfig } from './config.ts'
import { ConfigError } from './errors/index.ts'

const FROM_LOGIN = 'hf_from_login'

/** HF_HOME with a token in it, as `hf auth login` leaves it. */
function home(t: TestContext, token = FROM_LOGIN): string {
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'token'), token)
  return folder
}

function tokenOf(env: NodeJS.ProcessEnv) {
  const { token, tokenSource } = readConfig(env).engine.hub
  return [token, tokenSource]
}

test("the token comes from the environment, else from HF_TOKEN_PATH, else from hf's own file", (t) => {
  const path = join(tempFolder(t), 'secret')
  writeFileSync(path, 'hf_from_path')
  const env = { HF_HOME: home(t) }
  assert.deepEqual(tokenOf(env), [FROM_LOGIN, "'hf auth login'"])
  assert.deepEqual(tokenOf({ ...env, HF_TOKEN_PATH: path }), ['hf_from_path', 'HF_TOKEN_PATH'])
  const old = { HUGGING_FACE_HUB_TOKEN: 'hf_old_name' }
  assert.deepEqual(tokenOf({ ...env, HF_TOKEN_PATH: path, ...old }), ['hf_old_name', 'HUGGING_FACE_HUB_TOKEN'])
  assert.deepEqual(tokenOf({ ...env, HF_TOKEN_PATH: path, ...old, HF_TOKEN: 'hf_set' }), ['hf_set', 'HF_TOKEN'])
})

test('the file of the standard home is found without any setting', (t) => {
  const cache = tempFolder(t)
  mkdirSync(join(cache, 'huggingface'))
  writeFileSync(join(cache, 'huggingface', 'token'), FROM_LOGIN)
  assert.deepEqual(tokenOf({ XDG_CACHE_HOME: cache }), [FROM_LOGIN, "'hf auth login'"])
})

test('line breaks and blanks around a token are no part of it, and one of nothing else is none', (t) => {
  const env = { HF_HOME: home(t, ` ${FROM_LOGIN}\r\n`) }
  assert.equal(tokenOf(env)[0], FROM_LOGIN)
  assert.deepEqual(tokenOf({ ...env, HF_TOKEN: ' hf_set\n' }), ['hf_set', 'HF_TOKEN'])
  assert.deepEqual(tokenOf({ ...env, HF_TOKEN: ' \n' }), [FROM_LOGIN, "'hf auth login'"])
  assert.deepEqual(tokenOf({ HF_HOME: home(t, '\n') }), [undefined, undefined])
})

test("hf's own file counts as none where it cannot be read or holds something else", (t) => {
  const folder = tempFolder(t)
  assert.deepEqual(tokenOf({ HF_HOME: folder }), [undefined, undefined])
  mkdirSync(join(folder, 'token'))
  assert.deepEqual(tokenOf({ HF_HOME: folder }), [undefined, undefined])
  assert.deepEqual(tokenOf({ HF_HOME: home(t, 'no token at all') }), [undefined, undefined])
})

test('a file that HF_TOKEN_PATH names may be missing or empty, as for huggingface_hub, and is of use else', (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'secret')
  const env = { HF_HOME: home(t), HF_TOKEN_PATH: path }
  assert.deepEqual(tokenOf(env), [undefined, undefined])
  writeFileSync(path, '\n')
  assert.deepEqual(tokenOf(env), [undefined, undefined])

  const refused = (HF_TOKEN_PATH: string) =>
    assert.throws(
      () => readConfig({ HF_TOKEN_PATH }),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.sentence, /^Setting HF_TOKEN_PATH .* use a file that holds a token and can be read\.$/)
        assert.ok(!error.sentence.includes(folder) && !error.sentence.includes('in two words'))
        return true
      },
    )
  refused(folder)
  writeFileSync(path, 'in two words')
  refused(path)
  writeFileSync(path, 'x'.repeat(5000))
  refused(path)
})

test('a file that would never end is not waited for', {
  skip: process.platform === 'win32' && skipped('machine', 'Windows has no such files'),
}, (t) => {
  const pipe = join(tempFolder(t), 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const path of [pipe, '/dev/zero']) {
    assert.throws(() => readConfig({ HF_TOKEN_PATH: path }), ConfigError)
  }
})

test('a token of the environment that is none stops the start, and is not repeated', () => {
  for (const variable of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    assert.throws(
      () => readConfig({ [variable]: 'hf_secret and more' }),
      (error) => {
        assert.ok(error instanceof ConfigError)
        const expected = `Setting ${variable} has the value '…', which is not allowed: use a token without blanks.`
        assert.equal(error.sentence, expected)
        return true
      },
    )
  }
})
