/** A task's end, in three steps: it begins nothing new, leaves what is not done, and lets go of everything. */
export type Stop = {
  asked: AbortSignal;
  grading: AbortSignal;
  moving: AbortSignal;
  /** Asks for the end; asked again, it is at once. */
  ask: () => void;
};

/** Cloud Run ends a task ten seconds after it has asked. Longest times of the first two steps, in seconds. */
const PATIENCE = {finish: 6, giveBack: 3};

/** Makes the three signals of a task's end. They come by themselves, and keep no process alive. */
export function makeStop({finish, giveBack} = PATIENCE): Stop {
  const [asked, grading, moving] = [new AbortController(), new AbortController(), new AbortController()];
  const endAll = () => {
    for (const step of [asked, grading, moving]) {
      step.abort();
    }
  };
  return {
    asked: asked.signal,
    grading: grading.signal,
    moving: moving.signal,
    ask() {
      if (asked.signal.aborted) {
        return endAll();
      }

      asked.abort();
      setTimeout(() => grading.abort(), finish * 1000).unref();
      setTimeout(endAll, (finish + giveBack) * 1000).unref();
    },
  };
}
