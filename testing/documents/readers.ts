import {readFileSync} from 'node:fs';
import path from 'node:path';
import type {Engine} from '../../domain/ports.ts';
import {makeContext, makeExchange, stages} from '../../functions/index.ts';
import {findMissing} from '../../functions/requirements.ts';
import {Settings, type Target, targets} from '../../functions/settings.ts';

type Port = keyof Engine;

/** What connects each port to Google Cloud; `adapters/google/connect.ts` reads these, by the first call of the port. */
const ports: Record<Port, readonly string[]> = {
  records: ['GCP_PROJECT_ID', 'ENVIRONMENT', 'FIRESTORE_DATABASE', 'FIRESTORE_EMULATOR_HOST'],
  objects: ['GCP_PROJECT_ID', 'ENVIRONMENT', 'HOLT_BUCKET', 'STORAGE_ENDPOINT'],
  wakeUps: ['GCP_PROJECT_ID', 'ENVIRONMENT', 'PUBSUB_EMULATOR_HOST'],
  jobs: ['GCP_PROJECT_ID', 'GRADER_JOB', 'RUN_ENDPOINT'],
};
/** Read before a function is made: by what serves it, and by the embedded engine. */
const everywhere = ['HOLT_ENGINE', 'PORT', 'HOST'];
const embedded = ['HOLT_DATA', 'HOLT_UPGRADE'];

/** Enough for every part of a function to be made. */
const given = {
  HOLT_COURSES: 'demo=/demo',
  JUPYTERHUB_API_URL: 'http://127.0.0.1:8081/hub/api',
  JUPYTERHUB_API_TOKEN: 'token',
  JWT_SECRET: 'x'.repeat(32),
};

/** Finds which settings each function reads: it is put together with settings that note who asks for them. */
export async function findReaders(): Promise<Record<Target | 'embedded', Set<string>>> {
  const found = Object.fromEntries([...targets, 'embedded'].map(target => [target, new Set<string>()])) as Record<
    Target | 'embedded',
    Set<string>
  >;
  for (const target of targets) {
    const names = found[target];
    const settings = new Proxy(Settings.parse(given), {
      get(of, name) {
        names.add(String(name));
        return Reflect.get(of, name);
      },
    });
    const port = async (name: Port) => {
      for (const setting of ports[name]) {
        names.add(setting);
      }

      return {};
    };
    const engine = Object.fromEntries(Object.keys(ports).map(name => [name, () => port(name as Port)]));
    const context = {...(await makeContext(settings, engine as unknown as Engine, target)), log: () => {}};
    await (target === 'exchange' ? makeExchange(context) : stages[target](context));
    for (const name of everywhere) {
      names.add(name);
    }

    if (target === 'exchange') {
      // What it refuses to start with, it reads.
      findMissing(settings, target);
    }
  }

  found.embedded = new Set([...Object.values(found).flatMap(names => [...names]), ...embedded]);
  return found;
}

/** The settings that `adapters/google/connect.ts` names, and those that are written down here. */
export function comparePorts(): {named: string[]; known: string[]} {
  const source = readFileSync(path.join(import.meta.dirname, '../../adapters/google/connect.ts'), 'utf8');
  const named = [...source.matchAll(/^ {2}([A-Z_]+)\?:/gm)].map(([, name = '']) => name);
  const known = new Set(Object.values(ports).flat());
  known.delete('ENVIRONMENT');
  return {named: named.toSorted(), known: [...known].toSorted()};
}

const missingOf = (settings: Settings, target: Target | 'all'): string[] =>
  findMissing(settings, target).flatMap(sentence => /^([A-Z_]+) is not set/.exec(sentence)?.[1] ?? []);

/** The settings that a function cannot start without. */
export const findNeeded = (target: Target | 'embedded'): string[] =>
  target === 'embedded'
    ? missingOf(Settings.parse({HOLT_ENGINE: 'embedded'}), 'all')
    : missingOf(Settings.parse({HOLT_ENGINE: 'google'}), target);

const samples = ['true', '1', 'hub.example.edu', 'https://hub.example.edu', '8x=github.com/owner/repo', 'x'.repeat(32)];

/** Which settings are needed as soon as another one is set: setting -> the others. */
export function findNeededWith(): Map<string, string[]> {
  const without = missingOf(Settings.parse({}), 'all');
  const needed = new Map<string, string[]>();
  for (const name of Object.keys(Settings.shape)) {
    const found = samples.flatMap(sample => {
      const {data} = Settings.safeParse({[name]: sample});
      return data ? missingOf(data, 'all').filter(missing => !without.includes(missing)) : [];
    });
    for (const missing of new Set(found)) {
      needed.set(missing, [...(needed.get(missing) ?? []), name]);
    }
  }

  return needed;
}
