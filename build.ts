import {cp, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {isBuiltin} from 'node:module';
import path from 'node:path';
import {build, type Plugin} from 'esbuild';
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
const shared = {...common, format: 'esm', keepNames: true, banner: {js: banner}} as const;

/**
 * Node's own modules, as `require` gives them. Importing one asks it for every name that it exports, and `node:http`
 * loads a browser's WebSocket for that.
 */
const builtinsByName: Plugin = {
  name: 'builtins-by-name',
  setup({onResolve, onLoad}) {
    onResolve({filter: /^[\w:/]+$/}, ({path: name, kind}) =>
      kind !== 'require-call' && isBuiltin(name) ? {path: name, namespace: 'builtin'} : undefined,
    );
    onLoad({filter: /./, namespace: 'builtin'}, ({path: name}) => ({
      contents: `module.exports = process.getBuiltinModule('${name}');`,
    }));
  },
};

/** `serve.js` brings the framework's server along: one file starts sooner than its packages' two hundred. */
const serverInside: Plugin = {
  name: 'server-inside',
  setup({onResolve}) {
    onResolve({filter: new RegExp(`^${framework}`)}, ({path: name, importer}) =>
      path.basename(importer) === 'index.ts' ? {path: name, external: true} : undefined,
    );
  },
};

/** Generated code of Google's protocols. It is re-exported everywhere and used rarely, so it waits in files of its own. */
const protocols = new Map<string, string>();
const protocolsLater: Plugin = {
  name: 'protocols-later',
  setup({onLoad}) {
    onLoad({filter: /[\\/]protos[\\/](protos|iam_service|operations|locations)\.js$/}, ({path: file}) => {
      const [, name = ''] = file.replaceAll('\\', '/').split('/node_modules/').slice(-2);
      const chunk = `${(name || path.basename(file)).replaceAll(/\W+/g, '-').replace(/^-|-js$/g, '')}.cjs`;
      protocols.set(chunk, file);
      return {
        contents: `let all; module.exports = {get google() { return (all ??= requireLater('./${chunk}')).google; }};`,
      };
    });
  },
};

type Protocol = {nested?: Record<string, Protocol>; extend?: string};

/** What messages are made of. The rest of `google.protobuf` describes protocols themselves, and nobody sends that. */
const wellKnown =
  /^(Any|Struct|Value|ListValue|NullValue|Timestamp|Duration|Empty|FieldMask|(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value)$/;

/** Leaves out of a protocol what no call here sends: a client digests all of it when it is made. */
function trim(protocol: Protocol, place = ''): Protocol {
  const inner = Object.entries(protocol.nested ?? {})
    .filter(([name, {extend}]) => extend === undefined && (place !== '.google.protobuf' || wellKnown.test(name)))
    .map(([name, value]) => [`${place}.${name}`, name, value] as const)
    .filter(([whole]) => whole !== '.google.firestore.admin')
    .map(([whole, name, value]) => [name, trim(value, whole)] as const);
  return protocol.nested ? {...protocol, nested: Object.fromEntries(inner)} : protocol;
}

const protocolsTrimmed: Plugin = {
  name: 'protocols-trimmed',
  setup({onLoad}) {
    onLoad({filter: /[\\/]build[\\/]protos[\\/](protos|iam_service|locations)\.json$/}, async ({path: file}) => ({
      contents: JSON.stringify(trim(JSON.parse(await readFile(file, 'utf8')))),
      loader: 'json',
    }));
  },
};

await rm(out, {recursive: true, force: true});
const {metafile} = await build({
  ...shared,
  entryPoints: {index: 'functions/index.ts', serve: 'functions/serve.ts', warm: 'functions/warm.ts'},
  outdir: functions,
  // Beside the entry points, so that a path from `import.meta.url` leads to the same place wherever its code ends up.
  chunkNames: '[name]-[hash]',
  splitting: true,
  metafile: true,
  plugins: [builtinsByName, serverInside, protocolsLater, protocolsTrimmed],
});
await Promise.all(
  [...protocols].map(([chunk, file]) =>
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
  filter: file => !file.includes('__pycache__'),
});
