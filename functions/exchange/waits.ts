/**
 * Makes a count of the answers that are held back until something happens, `most` of them at once. They are counted
 * apart from uploads, which must find a place in an instance whoever watches a grade.
 */
export function makeWaits(most: number) {
  let held = 0;

  return {
    /** Has `answer` wait up to `seconds`, or not at all where enough others do. */
    async hold<T>(seconds: number, answer: (seconds: number) => Promise<T>): Promise<T> {
      if (seconds <= 0 || held >= most) {
        return answer(0);
      }

      held += 1;
      try {
        return await answer(seconds);
      } finally {
        held -= 1;
      }
    },
  };
}

export type Waits = ReturnType<typeof makeWaits>;
