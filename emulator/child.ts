import {HoltError} from '../domain/errors.ts';

/*
 * What a child of the local stack does beside its work: say that it is ready or why it cannot start, and end when its
 * parent ends, however that happens.
 */

/** What a child tells its parent. */
export type ChildMessage = {ready: string} | {problem: string};

/** Runs a child's start; a HoltError becomes a sentence for the parent. */
export async function tellErrors(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    const problem = error instanceof HoltError ? error.message : String((error as Error).stack ?? error);
    tell({problem});
    process.exit(1);
  }
}

/** Tells the parent where the child serves, and ends it with the parent or on its request. */
export function reportReady(url: string, close: () => Promise<void>): void {
  let ending = false;
  const end = () => {
    if (!ending) {
      ending = true;
      void close().finally(() => process.exit(0));
    }
  };
  process.on('SIGTERM', end);
  // Ctrl-C reaches the whole process group; the parent says when to end.
  process.on('SIGINT', () => {});
  process.on('disconnect', end);
  tell({ready: url});
}

const tell = (message: ChildMessage): void => {
  process.send?.(message);
};
