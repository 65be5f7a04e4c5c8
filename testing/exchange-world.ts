import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {ExecutionContext} from 'ava';
import {findClientTokenSettings} from '../adapters/client-token.ts';
import {makeIdentityChecks} from '../adapters/identity.ts';
import {makeDocumentId} from '../domain/document-id.ts';
import {HoltError} from '../domain/errors.ts';
import type {ObjectName} from '../domain/object-names.ts';
import type {Objects} from '../domain/ports.ts';
import {addSeconds} from '../domain/values.ts';
import {goferPrefix} from '../emulator/companions.ts';
import {makeStandInHub} from '../emulator/stand-in-hub.ts';
import {readConfig} from '../functions/config.ts';
import {composeExchange} from '../functions/exchange/compose.ts';
import {newId} from '../functions/runtime.ts';
import {at, sampleCourse} from './contracts/samples.ts';
import {makeTestBrowser} from './exchange-browser.ts';
import {makeMemoryRecords} from './memory-records.ts';

export const prefix = '/services/otter_grade/';
export const apiToken = 'the-api-token-of-the-service';
const clientId = 'service-otter_grade';

/** A notebook of the sample course; give what matters to the test. */
export const makeNotebook = (answer = '42', block: unknown = {course: 'demo', section: '1', assignment: 'lab'}) => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {kernelspec: {name: 'python3'}, ...(block === null ? {} : {otter_service: block})},
  cells: [{cell_type: 'code', metadata: {}, source: [`answer = ${answer}`], outputs: []}],
});

type Options = {
  /** Settings by their names in the environment, in place of the usual ones. */
  environment?: Record<string, string>;
  isHubless?: boolean;
};

/** A call of a port that fails: the `at`-th since `fault` was set, before or after it had its effect. */
export type Fault = {at: number; when: 'before' | 'after'};

/**
 * Starts the exchange as it is composed, over records and objects in memory, with the stand-in hub beside it, on real
 * servers. The clock stands until it is moved; the hub can be down; any call of a port can fail.
 */
export async function startExchange(t: ExecutionContext, {environment = {}, isHubless = false}: Options = {}) {
  const records = makeMemoryRecords();
  const content = new Map<string, Uint8Array>();
  const clock = {now: at(100)};
  const hub = {isDown: false, requests: 0};
  const logs: {severity: string; message: string; fields: Record<string, unknown> | undefined}[] = [];
  const wakes: ({course?: string} | undefined)[] = [];
  const waits = {seconds: 0, onWait: async (_waited: number) => {}};
  const ports = {calls: [] as string[], fault: undefined as Fault | undefined};

  /** Counts the calls of a port, and has one of them fail. */
  const watch =
    <Arguments extends unknown[], Answer>(name: string, run: (...given: Arguments) => Promise<Answer>) =>
    async (...given: Arguments): Promise<Answer> => {
      const call = ports.calls.push(name);
      const fault = ports.fault?.at === call ? ports.fault.when : undefined;
      const failWhen = (when: typeof fault) => {
        if (fault === when) {
          throw new Error(`The port ${name} fails at call ${call}, ${fault} its effect.`);
        }
      };
      failWhen('before');
      const answer = await run(...given);
      failWhen('after');
      return answer;
    };

  const objects = makeObjects(content);
  const standIn = makeStandInHub({
    prefix: '/hub',
    clientId,
    clientSecret: apiToken,
    redirectPath: `${prefix}oauth_callback`,
    other: {clientId: 'service-gofer_nb', redirectPath: `${goferPrefix}oauth_callback`},
  });
  const api = await serve(t, (request, response) => {
    hub.requests += 1;
    if (hub.isDown || !standIn(request, response)) {
      response.destroy();
    }
  });
  let listener: RequestListener = (_, response) => void response.destroy();
  const front = await serve(t, (request, response) => {
    if (!request.url?.startsWith('/hub/') || !standIn(request, response)) {
      listener(request, response);
    }
  });
  const settings = readConfig('exchange', {
    HOLT_ENGINE: 'embedded',
    HOLT_DATA: 'nowhere',
    HOLT_HUB_ORIGIN: front.url,
    ...(isHubless ? {} : {JUPYTERHUB_API_URL: `${api.url}/hub/api`, JUPYTERHUB_API_TOKEN: apiToken}),
    ...environment,
  });
  const {JUPYTERHUB_API_URL: apiUrl, JUPYTERHUB_BASE_URL: baseUrl} = settings;
  const checks = makeIdentityChecks({
    hub: apiUrl ? {apiUrl, apiToken, baseUrl, clientId, prefix} : undefined,
    gofer: {apiToken, clientId: settings.HOLT_GOFER_CLIENT_ID, prefix: settings.HOLT_GOFER_PREFIX},
    sessionKey: settings.HOLT_SESSION_KEY,
    jwt: {
      name: 'HOLT_JWT',
      secret: settings.HOLT_JWT_SECRET,
      publicKey: settings.HOLT_JWT_PUBLIC_KEY,
      audience: settings.HOLT_JWT_AUDIENCE,
    },
    proxy: {name: 'HOLT_PROXY', secret: settings.HOLT_PROXY_SECRET, publicKey: settings.HOLT_PROXY_PUBLIC_KEY},
    client: findClientTokenSettings(settings),
  });
  listener = composeExchange(
    {
      ...records,
      ...checks,
      find: watch('find', records.find) as typeof records.find,
      list: watch('list', records.list) as typeof records.list,
      count: watch('count', records.count),
      transact: watch('transact', records.transact) as typeof records.transact,
      objects: {
        ...objects,
        write: watch('write', objects.write),
        copy: watch('copy', objects.copy),
        remove: watch('remove', objects.remove),
      },
      wake: watch('wake', async about => void wakes.push(about)),
      now: () => clock.now,
      newId,
      async wait(seconds) {
        waits.seconds += seconds;
        await waits.onWait(waits.seconds);
      },
      log: (severity, message, fields) => void logs.push({severity, message, fields}),
    },
    settings,
  ) as RequestListener;

  /** Brings a course in, as dispatch does. */
  const addCourse = async (course: string) => {
    const sections = {'1': {subpath_to_zips: 'zips', assignments: {lab: '', hw: ''}}};
    const config = {staff: [], policy: 'latest' as const, limits: {}, sections};
    const id = await makeDocumentId('course', course);
    await records.transact(async transaction => transaction.put('courses', sampleCourse({id, course, config})));
  };
  await addCourse('demo');

  return {
    ...{url: front.url, port: front.port, settings, records, content, clock, hub, logs, wakes, waits, ports, addCourse},
    pass: (seconds: number) => {
      clock.now = addSeconds(clock.now, seconds);
    },
    openBrowser: () => makeTestBrowser(front.url, prefix),
    /** Posts as a program does: no cookies, no redirects. */
    post: (body: unknown, headers: Record<string, string> = {}, place = prefix): Promise<Response> =>
      fetch(front.url + place, {
        method: 'POST',
        headers: {'Content-Type': 'application/json', ...headers},
        body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
        redirect: 'manual',
      }),
  };
}

export type ExchangeWorld = Awaited<ReturnType<typeof startExchange>>;

function makeObjects(content: Map<string, Uint8Array>): Objects {
  const keyOf = ({bucket, name}: ObjectName) => `${bucket}/${name}`;
  const write: Objects['write'] = async (object, bytes) => {
    const isThere = content.has(keyOf(object));
    content.set(keyOf(object), content.get(keyOf(object)) ?? bytes);
    return isThere ? 'exists' : 'written';
  };
  const sign = async () => Promise.reject(new Error('The exchange signs nothing.'));
  return {
    write,
    read: async object => content.get(keyOf(object)),
    exists: async object => content.has(keyOf(object)),
    remove: async object => void content.delete(keyOf(object)),
    async copy(from, to) {
      const bytes = content.get(keyOf(from));
      if (!bytes) {
        throw new HoltError('not-found', 'There is no such object.');
      }

      return write(to, bytes, '');
    },
    signGet: sign,
    signPut: sign,
  };
}

async function serve(t: ExecutionContext, listener: RequestListener) {
  const server: Server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close().closeAllConnections());
  const {port} = server.address() as AddressInfo;
  return {port, url: `http://127.0.0.1:${port}`};
}
