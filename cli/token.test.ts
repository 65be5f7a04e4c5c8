import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {decodeJwt, decodeProtectedHeader} from 'jose';
import {makeClientTokenCheck} from '../adapters/client-token.ts';

const program = fileURLToPath(new URL('holt.ts', import.meta.url));
const secret = 'a secret that has enough characters';
const folder = mkdtempSync(path.join(tmpdir(), 'holt-token-'));
const secretFile = path.join(folder, 'secret');
writeFileSync(secretFile, `${secret}\n`);
test.after.always(() => rmSync(folder, {recursive: true}));

/** Runs the command as a person does. */
async function holt(parameters: readonly string[], input = '') {
  const child = spawn(process.execPath, [program, 'token', ...parameters]);
  child.stdin.on('error', () => {}).end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return {stdout: stdout.trim(), stderr, code};
}

test('a token is made as Moodle makes it: a name, and nothing else', async t => {
  const {stdout, code} = await holt(['alice', '--secret-file', secretFile]);
  t.is(code, 0);
  t.deepEqual(decodeJwt(stdout), {name: 'alice'});
  t.deepEqual(decodeProtectedHeader(stdout), {typ: 'JWT', alg: 'HS256'});
  const check = makeClientTokenCheck({secret, audience: undefined, mustExpire: false});
  t.deepEqual(await check(stdout), {name: 'alice', scopes: null});
  t.is(await makeClientTokenCheck({secret, audience: undefined, mustExpire: true})(stdout), undefined);
});

test('a token is limited to what is said', async t => {
  const limits = ['--scope', 'submit,delete', '--seconds', '60', '--audience', 'holt'];
  const {stdout} = await holt(['alice', '--secret-file', '-', ...limits], secret);
  const {exp = 0, iat = 0} = decodeJwt(stdout);
  t.is(exp - iat, 60);
  const check = makeClientTokenCheck({secret, audience: 'holt', mustExpire: true});
  t.deepEqual(await check(stdout), {name: 'alice', scopes: ['submit', 'delete']});
  t.is(await makeClientTokenCheck({secret, audience: undefined, mustExpire: true})(stdout), undefined);
});

test('what cannot be a token is refused with what to do', async t => {
  for (const [parameters, words] of [
    [['alice'], /--secret-file/],
    [['alice', '--secret-file', path.join(folder, 'none')], /cannot be read \(ENOENT\): give the file/],
    [['alice', '--secret-file', '-'], /is empty: put the secret there/],
    [['alice', '--secret-file', secretFile, '--scope', 'everything'], /Give some of create, submit/],
    [['alice', '--secret-file', secretFile, '--seconds', 'x'], /Give a whole number of seconds/],
  ] as const) {
    const {stdout, stderr, code} = await holt(parameters);
    t.is(stdout, '');
    t.not(code, 0);
    t.regex(stderr, words);
  }
});
