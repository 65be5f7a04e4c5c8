import type {ExecutionContext} from 'ava';

/** Something that a test uses and a machine may lack. */
export type Need = {
  what: string;
  /** The command that gets it. */
  get: string;
  isMissing: boolean;
};

/**
 * Says whether a test must end here because the machine lacks something.
 *
 * Rule: with `CI=true` that is a failure, so that nothing is skipped unseen; elsewhere it is said by name, and passes.
 *
 * @example if (need(t, {what: 'bubblewrap', get: 'apt-get install bubblewrap', isMissing: !isThere})) return;
 */
export function need(t: ExecutionContext, {what, get, isMissing}: Need): boolean {
  if (!isMissing) {
    return false;
  }

  const sentence = `skipped: ${what} is missing; ${get}`;
  if (process.env.CI === 'true') {
    t.fail(sentence);
  } else {
    t.log(sentence);
    t.pass();
  }

  return true;
}
