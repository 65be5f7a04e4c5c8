import {once} from 'node:events';
import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ChildMessage} from './child.ts';

/*
 * One function as a child of the local stack: what an image starts (`serve.ts`), which also says when it serves and ends
 * when its parent ends.
 */

process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
await import('../functions/serve.ts');

const port = Number(process.env.PORT);
for (let open = false; !open; ) {
  const socket = connect({port, host: '127.0.0.1'});
  open = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  if (!open) {
    await sleep(10);
  }
}

// Ctrl-C reaches the whole process group; the parent says when to end.
process.removeAllListeners('SIGINT').on('SIGINT', () => {});
process.send?.({ready: `http://127.0.0.1:${port}`} satisfies ChildMessage);
