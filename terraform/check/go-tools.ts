import {execFile} from 'node:child_process';
import {createHash, randomUUID} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import type {Places} from './places.ts';

const run = promisify(execFile);
const sources = path.join(import.meta.dirname, 'go');

export type Tool = 'stand-in' | 'read-blocks';

/** Builds under way in this process, by their file. */
const builds = new Map<string, Promise<string>>();

/** Builds one of the Go programs beside this file, once for each content of theirs, and answers its file. */
export function buildTool(tool: Tool, places: Places): Promise<string> {
  const file = path.join(places.cache, 'tools', `${tool}-${hashSources()}`);
  const build = builds.get(file) ?? buildOnce(tool, file, places);
  builds.set(file, build);
  return build;
}

async function buildOnce(tool: Tool, file: string, {environment}: Places): Promise<string> {
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), {recursive: true});
    const part = `${file}.${randomUUID()}`;
    await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', part, `./${tool}`], {
      cwd: sources,
      env: {...environment, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local'},
    });
    renameSync(part, file);
  }

  return file;
}

function hashSources(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(sources, {recursive: true, encoding: 'utf8'}).sort()) {
    if (/\.go$|^go\.(mod|sum)$/.test(file)) {
      hash.update(`${file}\0`).update(readFileSync(path.join(sources, file)));
    }
  }

  return hash.digest('hex').slice(0, 16);
}
