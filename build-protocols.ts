import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {Plugin} from 'esbuild';

/*
 * Google's clients carry the whole of each protocol twice: as generated code, and as JSON that a client digests whenever
 * it is made. Of 100 kB a function sends a few messages, so the deployed layout leaves out what no call here sends.
 */

/** The calls that Holt makes. A new one of these services has to be named here; the adapters’ contract tests make them all, as built. */
const calls: Record<string, readonly string[]> = {
  '.google.firestore.v1.Firestore': [
    'BatchGetDocuments',
    'BeginTransaction',
    'Commit',
    'Rollback',
    'RunQuery',
    'RunAggregationQuery',
  ],
  '.google.pubsub.v1.Publisher': ['Publish'],
  '.google.cloud.run.v2.Jobs': ['RunJob'],
  '.google.cloud.run.v2.Executions': ['GetExecution'],
};

/** What clients look up when they are made, whether it is sent or not. */
const lookedUp = ['.google.cloud.run.v2.Job', '.google.cloud.run.v2.Execution'];

/** A protocol as protobuf.js writes it: a namespace, a message, an enumeration or a service. */
type Part = {
  nested?: Record<string, Part>;
  fields?: Record<string, {type: string; keyType?: string}>;
  values?: unknown;
  methods?: Record<string, {requestType: string; responseType: string}>;
};

/** Parts by their full names, `.google.protobuf.Timestamp`. */
function listParts(part: Part, name = ''): [string, Part][] {
  const inner = Object.entries(part.nested ?? {}).flatMap(([key, value]) => listParts(value, `${name}.${key}`));
  return [[name, part], ...inner];
}

/** Finds what a name means in a place: the innermost that has it. */
function resolve(parts: ReadonlyMap<string, Part>, name: string, place: string): string | undefined {
  for (let scope = place; ; scope = scope.slice(0, scope.lastIndexOf('.'))) {
    const full = name.startsWith('.') ? name : `${scope}.${name}`;
    if (parts.has(full)) {
      return full;
    }

    if (scope === '' || name.startsWith('.')) {
      return undefined;
    }
  }
}

/** Names of everything that the calls send and receive. */
function reach(parts: ReadonlyMap<string, Part>): Set<string> {
  const reached = new Set<string>();
  const take = (name: string, place: string) => {
    const full = resolve(parts, name, place);
    if (full && !reached.has(full)) {
      reached.add(full);
      for (const {type} of Object.values(parts.get(full)?.fields ?? {})) {
        take(type, full);
      }
    }
  };
  for (const name of lookedUp) {
    take(name, '');
  }

  for (const [service, methods] of Object.entries(calls)) {
    for (const method of methods) {
      const call = parts.get(service)?.methods?.[method];
      for (const type of call ? [call.requestType, call.responseType] : []) {
        take(type, service);
      }
    }
  }

  return reached;
}

/** Leaves of a protocol its services with the calls that are made, and what these are about. */
export function trim(protocol: Part): Part {
  const parts = new Map(listParts(protocol));
  const reached = reach(parts);
  const trimPart = (part: Part, place: string): Part | undefined => {
    const nested = Object.entries(part.nested ?? {}).flatMap(([key, value]): [string, Part][] => {
      const kept = trimPart(value, `${place}.${key}`);
      return kept ? [[key, kept]] : [];
    });
    if (part.methods) {
      const methods = Object.entries(part.methods).filter(([name]) => calls[place]?.includes(name));
      return {...part, methods: Object.fromEntries(methods)};
    }

    const inner = nested.length > 0 ? {nested: Object.fromEntries(nested)} : undefined;
    if (reached.has(place)) {
      const {nested: _, ...own} = part;
      return {...own, ...inner};
    }

    return inner;
  };
  return trimPart(protocol, '') ?? {nested: {}};
}

export const protocolsTrimmed: Plugin = {
  name: 'protocols-trimmed',
  setup({onLoad}) {
    onLoad({filter: /[\\/]build[\\/]protos[\\/](protos|iam_service|locations)\.json$/}, async ({path: file}) => ({
      contents: JSON.stringify(trim(JSON.parse(await readFile(file, 'utf8')))),
      loader: 'json',
    }));
  },
};

/** Files that hold generated code, and what a bundle puts in their place. It is re-exported everywhere and used rarely. */
export const generated = new Map<string, string>();

export const protocolsLater: Plugin = {
  name: 'protocols-later',
  setup({onLoad}) {
    onLoad(
      {filter: /[\\/]protos[\\/](protos|iam_service|operations|locations|firestore_v1_proto_api)\.js$/},
      ({path: file}) => {
        const [, name = ''] = file.replaceAll('\\', '/').split('/node_modules/').slice(-2);
        const chunk = `${(name || path.basename(file)).replaceAll(/\W+/g, '-').replace(/^-|-js$/g, '')}.cjs`;
        generated.set(chunk, file);
        const all = `const all = () => requireLater('./${chunk}'); module.exports = `;
        // The serializer asks for one message's class while it is loaded, and never uses it.
        const google = file.endsWith('proto_api.js')
          ? 'google: {firestore: {v1: {}}}'
          : 'get google() { return all().google; }';
        return {contents: `${all}{${google}, get firestore() { return all().firestore; }};`};
      },
    );
  },
};

/**
 * Descriptors are for a server that answers questions about its own protocol. Making them takes longer than everything
 * else about a client, so here they are empty.
 */
export const descriptorsEmpty: Plugin = {
  name: 'descriptors-empty',
  setup({onLoad}) {
    onLoad({filter: /[\\/]protobufjs[\\/]ext[\\/]descriptor[\\/]index\.js$/}, ({path: file}) => ({
      contents: `
        const {Root, Type, Enum} = require('../..');
        const none = () => ({$type: {toObject: () => ({})}});
        Root.prototype.toDescriptor = () => ({file: []});
        Type.prototype.toDescriptor = none;
        Enum.prototype.toDescriptor = none;
      `,
      resolveDir: path.dirname(file),
    }));
  },
};

const methodMade = /this\.(encode|decode|verify|fromObject|toObject) = (\w+(?:\.\w+)?\(this\)\(\{[^}]*\}\));/g;
const made = ['encode', 'decode', 'verify', 'fromObject', 'toObject'];

/** A message's five methods are written and compiled by the first call of each, because most messages go one way only. */
export const methodsLater: Plugin = {
  name: 'methods-later',
  setup({onLoad}) {
    onLoad({filter: /[\\/]protobufjs[\\/]src[\\/]type\.js$/}, async ({path: file}) => {
      const source = await readFile(file, 'utf8');
      const found = [...source.matchAll(methodMade)].map(([, name]) => name);
      if (found.join() !== made.join()) {
        throw new Error(`${file} makes ${found.join(', ')}: the build knows ${made.join(', ')}.`);
      }

      const later = `function later(type, name, make) {
        const first = function () {
          const method = make();
          if (type[name] === first) {
            type[name] = method;
          }

          return method.apply(this, arguments);
        };
        type[name] = first;
      }`;
      return {contents: `${source.replaceAll(methodMade, "later(this, '$1', () => $2);")}\n${later}`};
    });
  },
};
