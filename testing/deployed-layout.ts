import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {cp, mkdir, symlink} from 'node:fs/promises';
import {type ClientRequest, type RequestOptions, request as send} from 'node:http';
import {createServer} from 'node:net';
import path from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {promisify} from 'node:util';
import {SignJWT} from 'jose';
import type {Target} from '../functions/settings.ts';

const root = path.dirname(import.meta.dirname);
const framework = '@google-cloud/functions-framework';

/** A secret of tests only. */
export const secret = 'a secret of tests only';

/** Makes the deployed layout in a folder. */
export const buildLayout = (folder: string) => promisify(execFile)(process.execPath, ['build.ts', folder], {cwd: root});

/** Copies the functions to where nothing else is, and installs what their package.json asks for and no more. */
export async function installFunctions(built: string, folder: string): Promise<void> {
  await cp(path.join(built, 'functions'), folder, {recursive: true});
  const packages = path.join(folder, 'node_modules', framework);
  await mkdir(path.dirname(packages), {recursive: true});
  // Its own dependencies are found beside the original; the functions find nothing but it.
  await symlink(path.join(root, 'node_modules', framework), packages);
}

/** The two ways a function is started: by `serve.js`, or by functions-framework's own command. */
export const commands = {
  serve: () => ['serve.js'],
  framework: (target: Target) => [`node_modules/${framework}/build/src/main.js`, `--target=${target}`],
} as const;

export type Start = {
  /** Where the functions are installed. */
  folder: string;
  target: Target;
  command?: keyof typeof commands;
  environment?: NodeJS.ProcessEnv;
  nodeOptions?: readonly string[];
};

/** What each function needs to start, where Google Cloud is `environment`. */
const settings = {HOLT_JWT_SECRET: secret, HOLT_COURSES: 'demo=/nowhere', HOST: '127.0.0.1', NODE_ENV: 'production'};

/** Starts a function as a process of its own. Nothing of this process's environment reaches it. */
export async function startFunction({folder, target, command = 'serve', environment, nodeOptions = []}: Start) {
  const port = await findPort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, ...commands[command](target)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...settings,
      ...environment,
      PORT: String(port),
      // The framework's command is told by its flag.
      ...(command === 'serve' && {FUNCTION_TARGET: target}),
    },
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }

  return {
    port,
    pid: child.pid ?? 0,
    startedAt,
    exited,
    getOutput: () => output,

    /** Asks until somebody listens. */
    async ask(options: RequestOptions, body = ''): Promise<Answer> {
      for (const deadline = startedAt + 60_000; ; ) {
        try {
          return await ask({...options, port}, request => request.end(body));
        } catch (error) {
          if (child.exitCode !== null || performance.now() > deadline) {
            throw new Error(`The function ${target} does not answer:\n${output}`, {cause: error});
          }

          await wait(2);
        }
      }
    },

    /** Ends it; answers its exit code. */
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },

    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export type Answer = {status: number; type: string; body: string};

/** Sends one request over a connection of its own. `write` sends the body and ends it. */
export function ask(options: RequestOptions, write: (request: ClientRequest) => unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send({host: '127.0.0.1', agent: false, ...options}, response => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({status: response.statusCode ?? 0, type: String(response.headers['content-type']), body}),
      );
    });
    request.once('error', reject);
    write(request);
  });
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as {port: number};
  server.close();
  await once(server, 'close');
  return port;
}

/** A request, and its body. */
export type Question = [options: RequestOptions, body?: string];

const event = (subject: string): Question => [
  {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-type': 'holt.test',
      'ce-source': 'test',
      'ce-subject': subject,
    },
  },
  '{}',
];

/** Answers of the exchange to otter-submit come from here. */
export const prefix = '/services/otter_grade/';

const token = await new SignJWT({sub: 'alice'})
  .setProtectedHeader({alg: 'HS256'})
  .setExpirationTime('1h')
  .sign(Buffer.from(secret));

/** How alice sends a notebook. */
export const asStudent: RequestOptions = {
  method: 'POST',
  path: prefix,
  headers: {Authorization: `Bearer ${token}`, 'Content-Type': 'application/json'},
};

const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  cells: [],
  metadata: {},
};

/** What each function answers without reading a record. */
export const questions: Partial<Record<Target, Question>> = {
  exchange: [{path: prefix}],
  record: event('nothing'),
  passback: event('nothing'),
  audit: event('nothing'),
};

/** What each function needs a store for. The exchange writes down that it refused a notebook which names no course. */
export const storeQuestions: Record<Target, Question> = {
  exchange: [asStudent, JSON.stringify({nb: notebook})],
  dispatch: event('queue'),
  record: event('objects/results/nothing/1.json'),
  passback: event('documents/passbacks/nothing'),
  audit: event('documents/submissions/nothing'),
  sweep: event('minute'),
};
