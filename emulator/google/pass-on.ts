import {Agent, type IncomingMessage, request as open, type ServerResponse} from 'node:http';

/** Makes a function that passes a request on to another local server as it is, and its answer back. */
export function makePassOn(target: string) {
  const agent = new Agent({keepAlive: true});
  const {hostname, port} = new URL(target);

  return (request: IncomingMessage, response: ServerResponse): void => {
    const {method, url: path, headers} = request;
    const onward = open({agent, hostname, port, method, path, headers}, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => {
      response.destroy();
    });
    request.on('close', () => {
      if (!request.complete) {
        onward.destroy();
      }
    });
    request.pipe(onward);
  };
}
