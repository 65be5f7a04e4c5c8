import {cp, mkdir, rm, writeFile} from 'node:fs/promises';
import {build} from 'esbuild';
import manifest from './package.json' with {type: 'json'};

/*
 * Makes the deployed layout:
 *
 *   dist/functions/    index.js (what functions-framework loads), serve.js, chunks, package.json
 *   dist/grader-job/   main.js and the Python programs beside it
 *
 * functions-framework stays outside the bundle: bundled, its launcher finds no function.
 */

const framework = '@google-cloud/functions-framework';

/** What CommonJS packages expect to find, in a bundle that is a module. */
const banner = [
  "import {createRequire as holtRequire} from 'node:module';",
  "import {fileURLToPath as holtPath} from 'node:url';",
  'const require = holtRequire(import.meta.url);',
  "const __filename = holtPath(import.meta.url), __dirname = holtPath(new URL('.', import.meta.url));",
].join('');

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'warning',
  banner: {js: banner},
} as const;

await rm('dist', {recursive: true, force: true});
await build({
  ...shared,
  entryPoints: {index: 'functions/index.ts', serve: 'functions/serve.ts'},
  outdir: 'dist/functions',
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  external: [framework, `${framework}/testing`],
});
await writeFile(
  'dist/functions/package.json',
  `${JSON.stringify(
    {
      name: 'holt-functions',
      version: manifest.version,
      private: true,
      type: 'module',
      main: 'index.js',
      license: manifest.license,
      dependencies: {[framework]: manifest.dependencies[framework]},
    },
    undefined,
    2,
  )}\n`,
);

await build({...shared, entryPoints: {main: 'grader-job/main.ts'}, outdir: 'dist/grader-job'});
await mkdir('dist/grader-job/python', {recursive: true});
await cp('grader-job/python', 'dist/grader-job/python', {
  recursive: true,
  filter: file => !file.includes('__pycache__'),
});
