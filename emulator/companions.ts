import {createServer, type IncomingMessage, type ServerResponse, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {type DemoLms, makeDemoLms} from './demo-lms.ts';
import {makeStandInHub} from './stand-in-hub.ts';

/** Where gofer_submit posts, and the hub's service of that path. */
export const goferPrefix = '/services/gofer_nb/';
const goferClientId = 'service-gofer_nb';

export type Companions = {
  url: string;
  /** The fraction the LMS holds for a student. */
  findScore: (student: string) => number | undefined;
  /** Makes the LMS misbehave, until it is told otherwise. */
  setFault: DemoLms['setFault'];
  close: () => Promise<void>;
};

export type CompanionSettings = {
  prefix: string;
  clientId: string;
  apiToken: string;
  consumerKey: string;
  consumerSecret: string;
  dataFolder: string;
};

/** Starts what stands around Holt in a real course, on one local server: the stand-in hub under `/hub`, the demo LMS. */
export async function startCompanions(settings: CompanionSettings): Promise<Companions> {
  const {prefix, clientId, apiToken, consumerKey, consumerSecret, dataFolder} = settings;
  const hub = makeStandInHub({
    prefix: '/hub',
    clientId,
    clientSecret: apiToken,
    redirectPath: `${prefix}oauth_callback`,
    other: {clientId: goferClientId, redirectPath: `${goferPrefix}oauth_callback`},
    homePath: `${prefix}submissions`,
  });
  const lms = makeDemoLms({consumerKey, consumerSecret, file: path.join(dataFolder, 'demo-lms.json')});
  const server = createServer(async (request, response) => {
    if (!hub(request, response) && !(await lms.handle(request, response))) {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    findScore: student => lms.scores().find(entry => entry.student === student)?.score,
    setFault: lms.setFault,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Hands a request on to another local server, bytes as they come. */
export function forward(request: IncomingMessage, response: ServerResponse, url: string): void {
  const target = new URL(url);
  const onward = send(
    {host: target.hostname, port: target.port, method: request.method, path: request.url, headers: request.headers},
    answer => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    },
  );
  onward.on('error', () => {
    if (!response.headersSent) {
      response.writeHead(502, {'Content-Type': 'text/plain'});
    }

    response.end('This part of the local stack is not running: see the log.\n');
  });
  // Whoever goes away in the middle is seen to go behind this door, too.
  response.on('close', () => response.writableFinished || onward.destroy());
  request.pipe(onward);
}
