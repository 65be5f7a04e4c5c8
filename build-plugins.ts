import {readFile} from 'node:fs/promises';
import {isBuiltin} from 'node:module';
import path from 'node:path';
import type {Plugin} from 'esbuild';

/*
 * What makes a function of the deployed layout start sooner: of what its packages bring, it loads what it uses.
 */

/**
 * Node's own modules, and of each only the names that are used. An import asks a module for every name that it exports,
 * and several are made when they are asked for: `node:http` loads a browser's WebSocket, `node:util` opens stderr.
 */
export const builtinsByName: Plugin = {
  name: 'builtins-by-name',
  setup({onResolve, onLoad}) {
    // One for each importer: shared, each would become a file of its own, and a file takes most of a millisecond.
    onResolve({filter: /^[\w:/]+$/}, ({path: name, kind, importer}) =>
      kind !== 'require-call' && isBuiltin(name) ? {path: `${name} of ${importer}`, namespace: 'builtin'} : undefined,
    );
    onLoad({filter: /./, namespace: 'builtin'}, ({path: place}) => {
      const [name = ''] = place.split(' ');
      const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter(key =>
        /^(?!default$)[a-z]\w*$/i.test(key),
      );
      const picked = names.map(key => `export const ${key} = /* @__PURE__ */ (() => all.${key})();`);
      const all = `const all = process.getBuiltinModule('${name}'); export default all;`;
      return {contents: [all, ...picked].join('\n')};
    });
  },
};

/** `serve.js` brings the framework's server along: one file starts sooner than its packages' two hundred. */
export const makeServerInside = (framework: string): Plugin => ({
  name: 'server-inside',
  setup({onResolve}) {
    onResolve({filter: new RegExp(`^${framework}`)}, ({path: name, importer}) =>
      path.basename(importer) === 'index.ts' ? {path: name, external: true} : undefined,
    );
  },
});

/** What the framework's server asks of the 2500 media types that it knows. */
const usedTypes = /^(text\/.*|application\/(json|octet-stream|x-www-form-urlencoded))$/;

/** Leaves out big tables of which little is read: media types nobody sends here, and Zod's sentences in 50 languages. */
export const tablesTrimmed: Plugin = {
  name: 'tables-trimmed',
  setup({onLoad}) {
    onLoad({filter: /[\\/]mime-db[\\/]db\.json$/}, async ({path: file}) => {
      const all: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'));
      const used = Object.entries(all).filter(([type]) => usedTypes.test(type));
      return {contents: JSON.stringify(Object.fromEntries(used)), loader: 'json'};
    });
    onLoad({filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/}, ({path: file}) => ({
      contents: "export {default as en} from './en.js';",
      resolveDir: path.dirname(file),
    }));
  },
};

/**
 * The framework runs each request in a domain, and the first one makes Node look at every promise of the process from
 * then on: a tenth of all that a function does. A handler's errors come by its promise, and what its call throws is
 * caught here, so nothing is left for a domain but what ends any other process, this one too.
 */
export const domainless: Plugin = {
  name: 'domainless',
  setup({onResolve, onLoad}) {
    onResolve({filter: /^domain$/}, () => ({path: 'domain', namespace: 'domainless'}));
    onLoad({filter: /./, namespace: 'domainless'}, () => ({
      contents: `
        exports.create = () => {
          let handleError;
          const domain = {
            on(_, listener) { handleError = listener; },
            bind: work => (...given) => {
              const outer = process.domain;
              process.domain = domain;
              try {
                return work(...given);
              } catch (error) {
                handleError(error);
              } finally {
                process.domain = outer;
              }
            },
            run(work) {
              const {nextTick} = process;
              process.nextTick = (next, ...given) => nextTick.call(process, domain.bind(next), ...given);
              try {
                return domain.bind(work)();
              } finally {
                process.nextTick = nextTick;
              }
            },
          };
          return domain;
        };
      `,
    }));
  },
};
