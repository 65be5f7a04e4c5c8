/**
 * Makes calls of an action share it: what is under way may have begun before a caller's change, so those who come
 * meanwhile share the next one.
 */
export function shareNext(act: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        current = act();
        return current;
      });
    return next;
  };
}
