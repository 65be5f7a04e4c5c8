import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {z} from 'zod';
import {HoltError} from '../domain/errors.ts';
import {toFraction} from '../domain/score.ts';
import {openBrowser, pressSubmit} from './as-otter-submit.ts';
import {sampleLab} from './options.ts';
import {makeStandInToken} from './stand-in-hub.ts';

const assignment = 'lab-demo';
const limitSeconds = 240;

const Status = z.object({
  state: z.string(),
  score: z.object({earned: z.number(), possible: z.number()}).nullable(),
  message: z.string().nullable(),
  timeline: z.array(z.object({stage: z.string(), at: z.string()})),
});

export type SampleRun = {
  /** Holt's address, and the prefix of otter-submit. */
  origin: string;
  prefix: string;
  student: string;
  /** The fraction that the LMS holds for the student, once it does. */
  findScore: (student: string) => number | undefined;
  say: (line: string) => void;
};

/**
 * Submits the sample lab through the front door, as the button in JupyterLab does, and waits until the LMS holds the
 * grade. Says what happened at each stage, and answers the closing line.
 *
 * Throws: `storage-unavailable` with a sentence when the grade does not arrive.
 */
export async function runSample({origin, prefix, student, findScore, say}: SampleRun): Promise<string> {
  const notebook = await readFile(path.join(sampleLab, 'submissions/partial.ipynb'), 'utf8');
  const browser = openBrowser();
  await browser.send(`${origin}/hub/login`, {
    method: 'POST',
    headers: {'Content-Type': 'application/x-www-form-urlencoded', Origin: origin},
    body: new URLSearchParams({username: student}).toString(),
  });

  say(`${student} presses Submit on ${assignment}`);
  const startedAt = Date.now();
  const response = await pressSubmit(browser, {origin, prefix, student, notebook, path: `${assignment}.ipynb`});
  const answer = await response.text();
  const id = response.headers.get('holt-submission');
  if (!response.ok || !id) {
    throw new HoltError(
      'storage-unavailable',
      `The sample was not accepted: ${response.status} ${answer.slice(0, 300)}`,
    );
  }

  const seconds = (at: number) => `${((at - startedAt) / 1000).toFixed(2)} s`;
  say(`  ${seconds(Date.now())}  answered: ${answer}`);
  let status: z.infer<typeof Status> | undefined;
  const told = new Set<string>();
  while (Date.now() - startedAt < limitSeconds * 1000) {
    const headers = {Authorization: `token ${makeStandInToken(student)}`};
    const page = await fetch(`${origin}${prefix}submissions/${id}`, {headers});
    status = Status.parse(await page.json());
    for (const {stage, at} of status.timeline.filter(({stage}) => !told.has(stage))) {
      told.add(stage);
      say(`  ${seconds(Math.max(Date.parse(at), startedAt))}  ${stage}`);
    }

    const held = findScore(student);
    if (held !== undefined && status.score && held === toFraction(status.score)) {
      const {earned, possible} = status.score;
      return `graded ${assignment} for ${student}: ${earned}/${possible} (${held}) in ${((Date.now() - startedAt) / 1000).toFixed(1)} s, received by the LMS`;
    }

    if (status.state === 'failed') {
      break;
    }

    await sleep(40);
  }

  const reason = status?.message ?? 'no reason was given';
  throw new HoltError(
    'storage-unavailable',
    `The sample's grade did not reach the LMS: it is ${status?.state ?? 'unknown'}, ${reason}`,
  );
}
