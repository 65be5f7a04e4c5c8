const TIMEOUT_MS = 10_000;
const MOST_CHARACTERS = 100_000;

/** What a server answered, or why it did not. */
export type Look =
  | {kind: 'answered'; status: number; headers: Headers; text: string; skewSeconds: number | undefined}
  | {kind: 'silent'; reason: string};

/** Asks a server once, following no redirect. Never throws. */
export async function look(url: string | URL, headers: Record<string, string> = {}): Promise<Look> {
  const sentAt = Date.now();
  try {
    const response = await fetch(url, {headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS)});
    const answeredAt = Date.now();
    const text = (await response.text()).slice(0, MOST_CHARACTERS);
    return {
      kind: 'answered',
      status: response.status,
      headers: response.headers,
      text,
      skewSeconds: skewOf(response.headers.get('date'), sentAt, answeredAt),
    };
  } catch (error) {
    const {name, message, cause} = error as Error & {cause?: {code?: string; message?: string}};
    return {
      kind: 'silent',
      reason: name === 'TimeoutError' ? 'nothing within 10 s' : (cause?.code ?? cause?.message ?? message),
    };
  }
}

/** By how much a server's clock is ahead of ours; a Date header tells whole seconds, and the answer took its time. */
function skewOf(date: string | null, sentAt: number, answeredAt: number): number | undefined {
  const there = Date.parse(date ?? '');
  if (Number.isNaN(there)) {
    return undefined;
  }

  const [least, most] = [there - answeredAt, there + 999 - sentAt];
  return least > 0 ? least / 1000 : most < 0 ? most / 1000 : 0;
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
