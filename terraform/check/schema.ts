import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import {z} from 'zod';
import type {Places} from './places.ts';
import {type Block, readBinding} from './read-binding.ts';
import {writeWhole} from './whole-file.ts';

const run = promisify(execFile);

/** The bindings that are read, and the provider's version that they were made from. */
const BINDINGS = '@cdktf/provider-google@16.12.1';
const INTEGRITY = 'sha512-KqNA/5RiFT07r0PSZ6/07cJ2zESUgbj1JchVj21iBFBZVUbD+578xA/k8eq/r0cbyEgLmg9eYWeVslaYah4DCQ==';
export const PROVIDER_VERSION = '6.50.0';

const Packed = z.array(z.object({filename: z.string()})).min(1);

/** What a configuration uses: `resource/google_storage_bucket`, `data/google_project`. */
export type TypeName = `${'resource' | 'data'}/${string}`;

/** Lists the provider's types that Terraform files use. */
export function listTypes(sources: readonly string[]): TypeName[] {
  const found = sources.flatMap(source =>
    [...source.matchAll(/^\s*(resource|data|mock_resource|mock_data|override_resource)\s+"(google_\w+)"/gm)].map(
      ([, kind = '', type]): TypeName => `${kind.endsWith('data') ? 'data' : 'resource'}/${type}`,
    ),
  );
  return [...new Set(found)].sort();
}

/**
 * Makes the file of the schemas of these types, from the npm package that has them. A type that the provider does not
 * have is left out, and Terraform says so.
 */
export async function makeSchema(types: readonly TypeName[], places: Places): Promise<string> {
  const folder = path.join(
    places.cache,
    'schema',
    digest(readFileSync(path.join(import.meta.dirname, 'read-binding.ts'))),
  );
  mkdirSync(folder, {recursive: true});
  const wanted = ['provider', ...types];
  const isKept = (type: string) => existsSync(path.join(folder, fileOf(type)));
  const missing = wanted.filter(type => !isKept(type));
  if (missing.length > 0) {
    await readBindings(missing, folder, places);
  }

  const read = (type: string): Block | null => JSON.parse(readFileSync(path.join(folder, fileOf(type)), 'utf8'));
  const pick = (kind: string) =>
    Object.fromEntries(
      types
        .filter(type => type.startsWith(`${kind}/`))
        .map(type => [type.slice(kind.length + 1), read(type)] as const)
        .filter(([, block]) => block !== null),
    );
  const schema = JSON.stringify({provider: read('provider'), resources: pick('resource'), data: pick('data')});
  const file = path.join(folder, `set-${digest(schema)}.json`);
  writeWhole(file, schema);
  return file;
}

const digest = (content: string | Buffer) => createHash('sha256').update(content).digest('hex').slice(0, 16);
const fileOf = (type: string) => `${type.replace('/', '-')}.json`;

/** The binding's folder in the package: `storage-bucket`, `data-google-project`. */
const folderOf = (type: string) =>
  type
    .replace(/^resource\/google_/, '')
    .replace('/', '-')
    .replaceAll('_', '-');

async function readBindings(types: readonly string[], folder: string, places: Places) {
  const archive = await getBindings(places);
  const {stdout} = await run('tar', ['tzf', archive], {maxBuffer: 2 ** 26});
  const members = new Set([...stdout.matchAll(/^package\/lib\/[^/]+/gm)].map(([member]) => member));
  const wanted = types.map(type => [type, `package/lib/${folderOf(type)}`] as const);
  const there = wanted.map(([, member]) => member).filter(member => members.has(member));
  const unpacked = mkdtempSync(path.join(places.cache, 'unpack-'));
  try {
    await run('tar', ['xzf', archive, '-C', unpacked, ...there]);
    for (const [type, member] of wanted) {
      const block = members.has(member) ? readBinding(readFolder(path.join(unpacked, member))).block : null;
      writeWhole(path.join(folder, fileOf(type)), JSON.stringify(block));
    }
  } finally {
    rmSync(unpacked, {recursive: true, force: true});
  }
}

const readFolder = (folder: string) =>
  readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter(file => file.endsWith('.js'))
    .sort()
    .map(file => readFileSync(path.join(folder, file), 'utf8'));

/** Gets the package from npm once; its content is pinned. */
async function getBindings({cache, environment}: Places): Promise<string> {
  const archive = path.join(cache, `${BINDINGS.replaceAll(/\W+/g, '_')}.tgz`);
  if (existsSync(archive)) {
    return archive;
  }

  const folder = mkdtempSync(path.join(cache, 'pack-'));
  try {
    const {stdout} = await run('npm', ['pack', '--json', '--pack-destination', folder, BINDINGS], {
      env: environment,
      maxBuffer: 2 ** 26,
    });
    const [packed] = Packed.parse(JSON.parse(stdout));
    const file = path.join(folder, packed?.filename ?? '');
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== INTEGRITY) {
      throw new Error(`${BINDINGS} is not what it was: its hash is ${found}. Check the package before you use it.`);
    }

    renameSync(file, archive);
    return archive;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}
