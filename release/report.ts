import {isDone} from './read-build.ts';

/*
 * Ends a build: says which steps are done, tells Slack when it has a webhook, and fails when one is not done.
 *
 * Usage: node release/report.ts WHAT STEP...       in the order of the build
 *
 * The webhook is a secret: whoever has its address can write to the channel. It is in no message and no log.
 */

const TIMEOUT_MILLISECONDS = 10_000;
const [what = 'The build', ...steps] = process.argv.slice(2);
const {SLACK_WEBHOOK: webhook = '', BUILD_URL: url = ''} = process.env;

const missing = steps.filter(step => !isDone(step));
const [failed] = missing;
const sentence =
  failed === undefined ? `${what}: done.` : `${what}: stopped at *${failed}*, so nothing after it was done.`;
console.log(sentence);

if (webhook.trim() !== '') {
  await tell([sentence, ...(url ? [url] : [])].join('\n'));
}

if (steps.length === 0 || failed !== undefined) {
  process.exitCode = 1;
}

/** Slack that does not answer makes no good build a bad one. */
async function tell(text: string): Promise<void> {
  try {
    const {status} = await fetch(webhook.trim(), {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({text}),
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    console.log(
      status === 200 ? 'Slack was told.' : `Slack answered ${status}: look at the secret holt-slack-webhook.`,
    );
  } catch (error) {
    // Its message could repeat the address.
    console.log(`Slack could not be told (${(error as Error).name}).`);
  }
}
