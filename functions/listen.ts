import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {HoltError} from '../domain/errors.ts';

/**
 * Listens; answers the address that this machine reaches the server at.
 *
 * Throws: `invalid-setting` with a sentence when the port is taken or may not be used.
 */
export function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${cause.code})`;
      reject(
        new HoltError('invalid-setting', `Port ${port} on ${host} ${reason}: choose another with PORT or --port.`, {
          cause,
        }),
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
      resolve(`http://${name.includes(':') ? `[${name}]` : name}:${(server.address() as AddressInfo).port}`);
    });
  });
}
