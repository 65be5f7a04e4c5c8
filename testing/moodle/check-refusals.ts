import {connect} from 'node:net';
import type {ExecutionContext} from 'ava';
import {waitUntil} from '../end-to-end.ts';
import {findChanges} from '../kept.ts';
import {makeForm, send, signToken} from './client.ts';
import {makeMaster} from './demo.ts';
import {existing, free} from './refusal-row.ts';
import {makeRefused} from './refusals.ts';

type World = {
  url: string;
  secret: string;
  /** Everything that is kept, a line each. */
  listKept: () => Promise<string[]>;
  /** How often the log has told of a body that ended with its connection. */
  countCutOff: () => Promise<number> | number;
};

/**
 * Sends everything that is refused to a Holt that has the activity 12/34, and checks each answer, and that nothing is
 * kept of any: no record, no object, nothing that waits.
 */
export async function refuseByMoodle(t: ExecutionContext, world: World): Promise<void> {
  const {url, secret, listKept} = world;
  const token = await signToken(secret);
  const before = await listKept();
  for (const {what, method, path, sending, status, says} of await makeRefused(secret)) {
    const answer = await send(method, url + path, {token, ...sending});
    const row = `${what}: ${method} ${path.slice(0, 100)}`;
    t.is(answer.status, status, `${row}: ${answer.text.slice(0, 300)}`);
    says instanceof RegExp ? t.regex(answer.text, says, row) : t.deepEqual(answer.json(), says, row);
    t.notRegex(answer.text, /\bat .*\.ts:\d|Traceback|node:internal|\/tmp\//, row);
  }

  await cutOff(world, token);
  t.deepEqual(findChanges(before, await listKept()), []);
}

/** Ends the connection in the middle of a notebook, at either address, and waits until that is noticed. */
async function cutOff({url, countCutOff}: World, token: string): Promise<void> {
  const {hostname, port, host} = new URL(url);
  const {body, contentType} = makeForm({name: 'demo.ipynb', content: makeMaster()});
  for (const path of [free, `${existing}/alice`]) {
    const before = await countCutOff();
    const head = [
      ...[`POST ${path} HTTP/1.1`, `Host: ${host}`, `Authorization: ${token}`, `Content-Type: ${contentType}`],
      ...[`Content-Length: ${body.length}`, '', ''],
    ].join('\r\n');
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await new Promise<void>(resolve =>
      socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, -20)]), () => resolve()),
    );
    socket.destroy();
    await waitUntil(`${path} to be given up`, async () => (await countCutOff()) > before, 60);
  }
}
