import {setTimeout as sleep} from 'node:timers/promises';
import {LOOK_EVERY_SECONDS} from '../domain/free-task.ts';
import {Manifest} from '../domain/manifest.ts';
import type {Log} from '../domain/ports.ts';
import type {Transfer} from './transfer.ts';

type Needs = Pick<Transfer, 'find' | 'put'> & {
  log: Log;
  /** Asked to stop, a task looks no longer. */
  asked: AbortSignal;
  maxBytes: number;
};

const WHAT = 'The next list';
const ending = new TextEncoder().encode(JSON.stringify({ended: true}));

/**
 * Makes the look for a task's next list: for some seconds, in the place that was signed for it. Then the task says there
 * that it ends. The place is written once, so a list that was given at the same moment is either found or was refused.
 *
 * Shape: where to look -> the next manifest; undefined when there is none, and none will come.
 */
export const makeTakeMore = ({find, put, log, asked, maxBytes}: Needs) => {
  const look = async (url: string): Promise<Manifest | undefined | 'nothing'> => {
    const bytes = await find(WHAT, url, maxBytes);
    // A place that this task has closed before, when the platform starts it again, has no list.
    return bytes ? Manifest.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data : 'nothing';
  };

  return async (next: Manifest['next']): Promise<Manifest | undefined> => {
    if (!next) {
      return undefined;
    }

    const {url, close, seconds} = next;
    try {
      for (const until = Date.now() + seconds * 1000; Date.now() < until && !asked.aborted; ) {
        const found = await look(url);
        if (found !== 'nothing') {
          return found;
        }

        await sleep(LOOK_EVERY_SECONDS * 1000, undefined, {signal: asked}).catch(() => {});
      }

      // A store may answer "forbidden" for a name that is taken: what stands there says which it was.
      await put(close, ending).catch(error =>
        log('NOTICE', 'the place of the next list could not be closed', {error: String(error)}),
      );
      const found = await look(url);
      return found === 'nothing' ? undefined : found;
    } catch (error) {
      log('WARNING', 'no look for another list was possible; the task ends', {error: String(error)});
      return undefined;
    }
  };
};
