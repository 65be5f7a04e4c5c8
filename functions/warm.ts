import {readdir} from 'node:fs/promises';
import {createRequire} from 'node:module';

/*
 * Loads every file of the deployed layout and ends. With NODE_COMPILE_CACHE set, that folder then holds what V8 made of
 * them, and no start compiles them again. An image runs it once, as the user that it will serve as.
 */

const here = new URL('.', import.meta.url);
const require = createRequire(here);
for (const name of await readdir(here)) {
  if (/^(?!serve\.|warm\.).*\.js$/.test(name)) {
    await import(new URL(name, here).href);
  } else if (name.endsWith('.cjs')) {
    require(`./${name}`);
  }
}
