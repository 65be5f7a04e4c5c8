import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {promisify} from 'node:util';

/** A command of gcloud: what stands below it, and its own flags. */
export type GcloudTree = {commands: Record<string, GcloudTree>; flags: Record<string, unknown>};

const places = ['/usr/lib/google-cloud-sdk', '/google-cloud-sdk', '/opt/google-cloud-sdk'];

/** Reads every command and flag of the gcloud that is installed; undefined where none is. */
export async function readGcloud(): Promise<GcloudTree | undefined> {
  const place = places.map(folder => `${folder}/data/cli/gcloud_completions.py`).find(file => existsSync(file));
  if (place === undefined) {
    return undefined;
  }

  const script = `import json, runpy, sys; json.dump(runpy.run_path(sys.argv[1])["STATIC_COMPLETION_CLI_TREE"], sys.stdout)`;
  const {stdout} = await promisify(execFile)('python3', ['-c', script, place], {maxBuffer: 2 ** 26});
  return JSON.parse(stdout) as GcloudTree;
}

/** Says what gcloud does not know of a command; undefined when it knows all of it. */
export function findUnknown(tree: GcloudTree, command: string): string | undefined {
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)?.slice(1) ?? [];
  let at = tree;
  const flags = new Set(Object.keys(tree.flags));
  let depth = 0;
  for (const word of words) {
    const below = at.commands[word];
    if (!below) {
      break;
    }

    at = below;
    depth += 1;
    for (const flag of Object.keys(below.flags)) {
      flags.add(flag);
    }
  }

  if (Object.keys(at.commands).length > 0) {
    return `${words.slice(0, depth + 1).join(' ')} is no command`;
  }

  const unknown = words
    .flatMap(word => /^(--[a-z][a-z-]*)/.exec(word)?.[1] ?? [])
    .filter(flag => !flags.has(flag) && !flags.has(flag.replace(/^--no-/, '--')));
  return unknown.length > 0 ? `${words.slice(0, depth).join(' ')} has no ${unknown.join(', ')}` : undefined;
}
