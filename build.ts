import {cp, mkdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {build} from 'esbuild';
import {builtinsByName, domainless, makeServerInside, tablesTrimmed} from './build-plugins.ts';
import {descriptorsEmpty, generated, methodsLater, protocolsLater, protocolsTrimmed} from './build-protocols.ts';
import manifest from './package.json' with {type: 'json'};
import lock from './package-lock.json' with {type: 'json'};

/*
 * Makes the deployed layout in `dist`, or in the folder that is named:
 *
 *   functions/         index.js (what functions-framework loads), serve.js, warm.js, chunks, package.json and its lock
 *   functions.json     what is in each chunk, as esbuild says it
 *   grader-job/        main.js and the Python programs beside it
 *
 * `index.js` finds functions-framework in node_modules: bundled, its launcher finds no function.
 */

const out = path.resolve(process.argv[2] ?? 'dist');
const functions = path.join(out, 'functions');
const framework = '@google-cloud/functions-framework';

/** What CommonJS packages expect to find, in a bundle that is a module. */
const banner = [
  "const requireLater = process.getBuiltinModule('node:module').createRequire(import.meta.url), require = requireLater;",
  'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('');

const common = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
} as const;
// Names are not minified. To keep also those of two things that are called alike costs each start a tenth of its time.
const shared = {...common, format: 'esm', banner: {js: banner}} as const;

await rm(out, {recursive: true, force: true});
const {metafile} = await build({
  ...shared,
  entryPoints: {index: 'functions/index.ts', serve: 'functions/serve.ts', warm: 'functions/warm.ts'},
  outdir: functions,
  // Beside the entry points, so that a path from `import.meta.url` leads to the same place wherever its code ends up.
  chunkNames: '[name]-[hash]',
  splitting: true,
  metafile: true,
  plugins: [
    builtinsByName,
    makeServerInside(framework),
    domainless,
    tablesTrimmed,
    protocolsLater,
    protocolsTrimmed,
    descriptorsEmpty,
    methodsLater,
  ],
});
await Promise.all(
  [...generated].map(([chunk, file]) =>
    build({...common, format: 'cjs', entryPoints: [file], outfile: path.join(functions, chunk)}),
  ),
);
await writeFile(path.join(out, 'functions.json'), JSON.stringify(metafile));
const described = {
  name: 'holt-functions',
  version: manifest.version,
  license: manifest.license,
  dependencies: {[framework]: manifest.dependencies[framework]},
};
await writeJson('package.json', {...described, private: true, type: 'module', main: 'index.js'});
await writeJson('package-lock.json', {
  name: described.name,
  version: described.version,
  lockfileVersion: lock.lockfileVersion,
  requires: true,
  packages: {'': described, ...findLocked(framework)},
});

function writeJson(name: string, value: unknown): Promise<void> {
  return writeFile(path.join(functions, name), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Finds the part of the lock that belongs to a package: itself and all that it needs, at the same places. */
function findLocked(name: string) {
  type Locked = {
    version?: string;
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  const all: Record<string, Locked> = lock.packages;
  const found: Record<string, Locked> = {};
  const take = (place: string) => {
    const locked = all[place];
    if (locked && !found[place]) {
      found[place] = locked;
      for (const needed of Object.keys({...locked.dependencies, ...locked.optionalDependencies})) {
        take(findPlace(place, needed));
      }
    }
  };
  const findPlace = (from: string, needed: string): string => {
    const nested = `${from}/node_modules/${needed}`;
    return nested in all || from === '' ? nested.replace(/^\//, '') : findPlace(parentOf(from), needed);
  };
  const parentOf = (place: string) => place.slice(0, Math.max(place.lastIndexOf('/node_modules/'), 0));
  take(`node_modules/${name}`);
  return found;
}

const graderJob = path.join(out, 'grader-job');
await build({...shared, entryPoints: {main: 'grader-job/main.ts'}, outdir: graderJob});
await mkdir(path.join(graderJob, 'python'), {recursive: true});
await cp('grader-job/python', path.join(graderJob, 'python'), {
  recursive: true,
  filter: file => !/__pycache__|\/test_\w+\.py$|\/(sandbox_case\.py|mypy\.ini|requirements-dev\.\w+)$/.test(file),
});
