/** Calls under way at once: enough to hide a store's latency, few enough not to crowd it. */
const AT_ONCE = 16;

/** Does work for each item, several at once, and keeps the order of the items. */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  atOnce = AT_ONCE,
): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += atOnce) {
    done.push(...(await Promise.all(items.slice(at, at + atOnce).map((item, index) => work(item, at + index)))));
  }

  return done;
}
