import {fork} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {LoadResult, LoadSettings} from './generate-load.ts';
import {readSubmission} from './notebook.ts';
import {type Figure, say} from './report.ts';
import {median} from './statistics.ts';
import {makeToken} from './token.ts';

const load = {clients: 16, notebookBytes: 100_000, rounds: 3, seconds: 8} as const;

/** Where the exchange answers otter-submit, and the secret that its tokens are signed with. */
export type Target = {url: string; secret: string};

/** Students of a process of their own press Submit for a while. */
async function runLoad(settings: LoadSettings): Promise<LoadResult> {
  const child = fork(path.join(import.meta.dirname, 'generate-load.ts'), {execArgv: []});
  child.send(settings);
  const [result] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the load generator ended with code ${code}`))),
  ])) as [LoadResult];
  if (Object.keys(result.refused).length > 0) {
    throw new Error(`some submissions were not accepted: ${JSON.stringify(result.refused)}`);
  }

  return result;
}

/** Warms the exchange up and measures a few rounds. Answers every round, the warm-up first. */
export async function runRounds({url, secret}: Target, warmUpSeconds: number): Promise<LoadResult[]> {
  const rounds: LoadResult[] = [];
  for (let round = 0; round <= load.rounds; round += 1) {
    const seconds = round === 0 ? warmUpSeconds : load.seconds;
    const {clients, notebookBytes} = load;
    const result = await runLoad({url, secret, clients, notebookBytes, seconds, round: String(round)});
    const {perSecond, p50, p95} = result;
    say(
      `  ${round === 0 ? 'warm-up' : `round ${round}`}: ${perSecond.toFixed(0)}/s, ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
    );
    rounds.push(result);
  }

  return rounds;
}

/** Makes the figures of the rounds after the warm-up. */
export function toFigures(
  engine: string,
  [, ...rounds]: readonly LoadResult[],
  targets: {perSecond: Figure['target']; p95?: Figure['target']},
): Figure[] {
  const about = `${load.clients} clients, ${load.notebookBytes / 1000} kB, ${rounds.length} rounds of ${load.seconds} s`;
  const of = (read: (result: LoadResult) => number) => median(rounds.map(read));
  return [
    {
      name: `accepted submissions, ${engine} engine`,
      value: of(({perSecond}) => perSecond),
      unit: '/s',
      ...(targets.perSecond && {target: targets.perSecond}),
      note: about,
    },
    {name: `answer, ${engine} engine, median`, value: of(({p50}) => p50), unit: 'ms'},
    {
      name: `answer, ${engine} engine, p95`,
      value: of(({p95}) => p95),
      unit: 'ms',
      ...(targets.p95 && {target: targets.p95}),
    },
    {name: `answer, ${engine} engine, p99`, value: of(({p99}) => p99), unit: 'ms'},
  ];
}

/**
 * Gives the only grading place to a notebook that sleeps, so that grading takes nothing from what is measured while
 * dispatch still wakes for each submission, as on a full machine.
 */
export async function occupyGrader({url, secret}: Target): Promise<void> {
  const headers = {Authorization: `Bearer ${makeToken('sleeper', secret)}`};
  const response = await fetch(url, {
    method: 'POST',
    headers: {...headers, 'Content-Type': 'application/json'},
    body: `{"nb":${readSubmission('sleep')}}`,
  });
  const id = response.headers.get('holt-submission');
  if (!response.ok || !id) {
    throw new Error(`the first notebook was not accepted: ${response.status} ${await response.text()}`);
  }

  const until = Date.now() + 60_000;
  for (let state = ''; state !== 'grading'; ) {
    if (Date.now() > until) {
      throw new Error(`the first notebook is ${state} after a minute`);
    }

    await sleep(100);
    const status = await fetch(`${url}submissions/${id}`, {headers: {...headers, Accept: 'application/json'}});
    ({state} = (await status.json()) as {state: string});
  }

  // Until its Python has loaded everything and sleeps.
  await sleep(5000);
}
