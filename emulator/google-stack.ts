import {createServer} from 'node:http';
import path from 'node:path';
import type {Log} from '../domain/ports.ts';
import {listen} from '../functions/listen.ts';
import {type Target, targets} from '../functions/settings.ts';
import {forward} from './companions.ts';
import {type GoogleStack, startGoogleStack as startGoogle} from './google/start-google-stack.ts';
import {findFreePort} from './local-server.ts';
import {type NodeChild, startNodeChild} from './node-child.ts';
import {root} from './options.ts';
import {makeEnvironment, type Stack, type StackSettings} from './stack.ts';

const taskVariables = ['PATH', 'HOLT_PYTHON', 'HOLT_LAYERS', 'HOLT_UNSAFE_NO_SANDBOX'];

/** Starts Holt on the emulators of Google Cloud: each function a process of its own, and a front door before the exchange. */
export async function startGoogleStack(settings: StackSettings): Promise<Stack> {
  const {port, dataFolder, companionsUrl, onLine} = settings;
  const common = makeEnvironment(settings);
  const log: Log = (severity, message, fields) =>
    onLine(JSON.stringify({severity, message, time: new Date().toISOString(), component: 'emulators', ...fields}));
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).toReversed()) {
      await end();
    }
  };

  try {
    const google = await startGoogle({
      folder: path.join(dataFolder, 'google'),
      tools: path.join(root, '.holt/tools'),
      job: {
        command: process.execPath,
        args: [path.join(root, 'grader-job/main.ts')],
        env: Object.fromEntries(Object.entries(common).filter(([name]) => taskVariables.includes(name))),
      },
      log,
      environmentName: 'local',
    });
    closers.push(google.close);
    const parts = new Map<Target, NodeChild>();
    await Promise.all(
      targets.map(async target => {
        const part = await startFunction(target, {...common, ...google.environment}, settings);
        closers.push(part.close);
        parts.set(target, part);
      }),
    );
    register(google, parts);

    const exchange = parts.get('exchange');
    const front = createServer((request, response) => {
      const isHub = /^\/hub(\/|\?|$)/.test(request.url ?? '');
      forward(request, response, (isHub ? companionsUrl : exchange?.url()) ?? companionsUrl);
    });
    await listen(front, port, '127.0.0.1');
    closers.push(() => {
      front.close();
      front.closeAllConnections();
    });
    return {
      url: `http://127.0.0.1:${port}`,
      parts,
      places: google.places,
      async restart(changed) {
        const names = targets.filter(target => belongsTo(target, changed));
        for (const name of names) {
          await parts.get(name)?.restart();
        }

        register(google, parts);
        return names;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A stage's own sources are its function's; what stages share is everybody's. A grading task is new each time. */
const belongsTo = (target: Target, changed: string): boolean => {
  const stage = /^functions\/([a-z-]+)\//.exec(changed)?.[1];
  return stage ? stage === target : /^(domain|functions|adapters)\//.test(changed);
};

const register = ({registerFunctions}: GoogleStack, parts: ReadonlyMap<Target, NodeChild>): void =>
  registerFunctions(
    Object.fromEntries([...parts].filter(([name]) => name !== 'exchange').map(([name, part]) => [name, part.url()])),
  );

async function startFunction(
  target: Target,
  environment: Record<string, string>,
  {onLine, onUnexpectedExit}: StackSettings,
): Promise<NodeChild> {
  return startNodeChild({
    name: target,
    program: 'emulator/function-process.ts',
    // The port stays the same over a restart, so that events waiting for the function find it again.
    environment: {...environment, FUNCTION_TARGET: target, PORT: String(await findFreePort())},
    onLine,
    onUnexpectedExit,
  });
}
