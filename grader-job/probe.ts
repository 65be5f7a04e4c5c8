import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import type {Log} from '../domain/ports.ts';
import {listSandboxes, makeBare, type Places, type Sandbox} from './sandbox.ts';

const run = promisify(execFile);

/** Says what is wrong from the inside: a tool that starts is no proof that it isolates. */
const CHECK = `
import os, socket
wrong = []
if os.getuid() == 0: wrong.append('runs as root')
if [name for _, name in socket.if_nameindex()] != ['lo']: wrong.append('has a network')
if len([name for name in os.listdir('/proc') if name.isdigit()]) > 4: wrong.append('sees other processes')
if os.access('/usr', os.W_OK) or os.access('/', os.W_OK): wrong.append('can write outside /tmp')
with open('/tmp/probe', 'w') as file: file.write('x')
for path in ('/holt/grade.py', '/etc/hosts'): open(path).close()
print('; '.join(wrong) or 'isolated')
`;

/**
 * Finds a sandbox that works here.
 *
 * Shape: the sandbox, or the reason why nothing may be graded.
 */
export async function findSandbox(
  places: Places,
  {isBareAllowed, log}: {isBareAllowed: boolean; log: Log},
  candidates: readonly Sandbox[] = listSandboxes(places),
): Promise<Sandbox | {reason: string}> {
  const reasons: string[] = [];
  for (const sandbox of candidates) {
    const reason = await findFault(places, sandbox);
    if (reason === undefined) {
      return sandbox;
    }

    reasons.push(`${sandbox.isolation}: ${reason}`);
  }

  const reason = reasons.join('; ') || 'neither bubblewrap (bwrap) nor unshare is installed';
  if (isBareAllowed) {
    log('WARNING', 'grading without isolation: never do this with notebooks of strangers', {reason});
    return makeBare(places);
  }

  return {reason: `This machine cannot keep student code apart, so nothing is graded (${reason}).`};
}

async function findFault({python}: Places, sandbox: Sandbox): Promise<string | undefined> {
  const {file, args, env, uid} = sandbox.wrap([python, '-I', '-S', '-c', CHECK], 2 ** 20, '/tmp');
  try {
    const options = {
      env,
      timeout: 10_000,
      killSignal: 'SIGKILL',
      ...(uid === undefined ? {} : {uid, gid: uid}),
    } as const;
    const {stdout} = await run(file, args, options);
    return stdout.trim() === 'isolated' ? undefined : stdout.trim();
  } catch (error) {
    const {stderr, message} = error as {stderr?: string; message: string};
    return (stderr?.trim() || message).split('\n').at(-1)?.slice(0, 300) ?? 'failed';
  }
}
