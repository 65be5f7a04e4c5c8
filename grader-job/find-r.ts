import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';

/** What R needs of a machine beside `/usr`, and the settings that tell it where its packages are. */
export type R = {folders: string[]; environment: Record<string, string>};

const PROGRAM = 'cat(R.home(), "/etc/R", "libraries", .libPaths(), sep = "\\n")';
const TIMEOUT_MS = 20_000;

const known = new Map<string, R>();

/** Asks an R, once, where it keeps its things. Without R there is nothing to show. */
export function findR(rscript: string | undefined): R {
  const found = known.get(rscript ?? '') ?? (rscript ? ask(rscript) : none);
  known.set(rscript ?? '', found);
  return found;
}

const none: R = {folders: [], environment: {}};

function ask(rscript: string): R {
  try {
    const said = execFileSync(rscript, ['--no-init-file', '-e', PROGRAM], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = said.split('\n');
    const libraries = lines.slice(lines.indexOf('libraries') + 1).filter(folder => existsSync(folder));
    const folders = lines.filter(line => line.startsWith('/') && !line.startsWith('/usr/') && existsSync(line));
    return {folders, environment: {R_LIBS: libraries.join(':')}};
  } catch {
    return none;
  }
}
