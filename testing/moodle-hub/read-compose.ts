import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {parseEnv, promisify} from 'node:util';
import {z} from 'zod';
import {example, programOf} from './environments.ts';

const Service = z.looseObject({
  environment: z.record(z.string(), z.coerce.string()).default({}),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
});
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.unknown()).default({}),
  volumes: z.record(z.string(), z.unknown()),
});
export type Compose = z.infer<typeof Compose>;

export const composeFile = path.join(example, 'compose.yaml');

/** Reads a compose file as it stands: the example's, or another one. */
export async function readCompose(file = composeFile): Promise<Compose> {
  const script =
    'import json, sys; from ruamel.yaml import YAML; json.dump(YAML(typ="safe").load(sys.stdin), sys.stdout)';
  const running = promisify(execFile)(programOf('check', 'python'), ['-c', script]);
  running.child.stdin?.end(readFileSync(file));
  return Compose.parse(JSON.parse((await running).stdout));
}

/** Reads `.env.example`, its three secrets filled in. */
export function readSettings(secrets: Record<string, string>): Record<string, string> {
  const given = parseEnv(readFileSync(path.join(example, '.env.example'), 'utf8'));
  return {...(given as Record<string, string>), ...secrets};
}

/**
 * Fills in what a compose file takes from the environment, in the two forms that ours has: needed, or with a default.
 *
 * Throws: for a needed one that is missing or empty.
 */
export function interpolate(value: string, settings: Record<string, string>): string {
  return value.replaceAll(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, otherwise: string) => {
    if (!settings[name] && kind === '?') {
      throw new Error(`${name} is needed`);
    }

    return settings[name] || otherwise;
  });
}

/** The environment that compose gives to a service. */
export async function environmentOf(service: string, settings: Record<string, string>) {
  const {services} = await readCompose();
  return Object.fromEntries(
    Object.entries(services[service]?.environment ?? {}).map(([name, value]) => [name, interpolate(value, settings)]),
  );
}
