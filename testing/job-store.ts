import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {JobResult} from '../domain/result.ts';

/** What the store does instead of serving a request, in order; then it serves. `cut` ends the body in the middle. */
export type Fault = number | 'cut' | 'reset';

export type JobStore = {
  url: (name: string) => string;
  write: (name: string, content: string | Uint8Array) => {url: string; sha256: string};
  faults: Map<string, Fault[]>;
  requests: {method: string; name: string; headers: IncomingMessage['headers']}[];
  findResult: (name: string) => JobResult | undefined;
  close: () => Promise<void>;
};

/** A store of objects over HTTP as signed URLs reach it: GET, and PUT that creates once and answers 412 after that. */
export async function startJobStore(): Promise<JobStore> {
  const objects = new Map<string, Buffer>();
  const faults = new Map<string, Fault[]>();
  const requests: JobStore['requests'] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    const body = Buffer.concat(await request.toArray());
    requests.push({method: request.method ?? '', name, headers: request.headers});
    const content = objects.get(name);
    const fault = faults.get(name)?.shift();
    if (fault === 'reset') {
      request.socket.destroy();
    } else if (fault === 'cut') {
      response.writeHead(200, {'content-length': content?.length ?? 100});
      response.write(content?.subarray(0, 50) ?? 'x', () => request.socket.destroy());
    } else if (fault !== undefined) {
      response.writeHead(fault).end();
    } else if (request.method === 'PUT') {
      response.writeHead(content ? 412 : 200).end();
      objects.set(name, content ?? body);
    } else {
      response.writeHead(content ? 200 : 404).end(content);
    }
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const url = (name: string) => `http://127.0.0.1:${port}/${encodeURIComponent(name)}`;
  return {
    url,
    write(name, content) {
      objects.set(name, Buffer.from(content as Uint8Array));
      return {url: url(name), sha256: createHash('sha256').update(content).digest('hex')};
    },
    faults,
    requests,
    findResult(name) {
      const content = objects.get(name);
      return content ? JSON.parse(content.toString('utf8')) : undefined;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
