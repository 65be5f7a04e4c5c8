import {watch} from 'node:fs';
import path from 'node:path';
import {root} from './options.ts';

const watched = ['domain', 'functions', 'adapters', 'grader-job'];
const quietMilliseconds = 200;

/** Calls back with each source file that changed, from the repository's root, once it has been quiet for a moment. */
export function watchSources(onChange: (file: string) => Promise<void>): () => void {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let working = Promise.resolve();

  const flush = () => {
    const files = [...changed];
    changed.clear();
    working = working.then(async () => {
      for (const file of files) {
        await onChange(file);
      }
    });
  };

  const watchers = watched.map(folder =>
    watch(path.join(root, folder), {recursive: true}, (_event, name) => {
      if (name && /\.(ts|py)$/.test(name) && !/\.test\.ts$/.test(name)) {
        changed.add(path.posix.join(folder, name.replaceAll(path.sep, '/')));
        clearTimeout(timer);
        timer = setTimeout(flush, quietMilliseconds);
      }
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) {
      watcher.close();
    }
  };
}
