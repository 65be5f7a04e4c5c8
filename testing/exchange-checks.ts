import type {ExecutionContext} from 'ava';
import type {ExchangeWorld} from './exchange-world.ts';

export type Problem = {status: number; code: string; detail: string; title: string; type: string; trace: string};

/** Checks that an answer is a problem document that says what to do, and answers it. */
export async function checkProblem(
  t: ExecutionContext,
  response: {status: number; headers: Headers; text: () => Promise<string>},
  status: number,
  code: string,
): Promise<Problem> {
  const text = await response.text();
  t.is(response.status, status, text);
  t.is(response.headers.get('content-type'), 'application/problem+json');
  t.is(response.headers.get('cache-control'), 'no-store');
  const problem: Problem = JSON.parse(text);
  t.like(problem, {type: 'about:blank', status, code});
  t.not(problem.title, 'Error');
  t.regex(problem.detail, /^[A-Z“].{10,}[:;,.].{8,}\.$/s, 'a sentence that says what is wrong and what to do');
  t.notRegex(text, /\bat .*\.ts:\d|node:internal|stack/i);
  t.is(response.headers.get('holt-trace'), problem.trace);
  return problem;
}

/** Checks that nothing was made of what was refused, but for the record of each refusal. */
export function checkNothingMade(t: ExecutionContext, world: ExchangeWorld, refusals: readonly string[]): void {
  for (const collection of ['submissions', 'heads', 'queue', 'parked'] as const) {
    t.deepEqual(world.records.all(collection), [], collection);
  }

  t.deepEqual([...world.content.keys()], []);
  checkRefusals(t, world, refusals);
}

/** Checks which refusals are recorded, in any order. */
export function checkRefusals(t: ExecutionContext, {records}: ExchangeWorld, codes: readonly string[]): void {
  t.deepEqual(
    records
      .all('refusals')
      .map(({code}) => code)
      .sort(),
    [...codes].sort(),
  );
}

/** Checks that records and objects agree: each submission has its notebook, a head that is the newest, and its place in the queue. */
export function checkWhole(t: ExecutionContext, {records, content}: ExchangeWorld): void {
  const submissions = records.all('submissions');
  for (const {id} of submissions) {
    t.true(content.has(`work/notebooks/${id}.ipynb`), `the notebook of ${id} is there`);
    t.truthy(
      records.all('queue').find(entry => entry.id === id),
      `${id} is queued`,
    );
  }

  for (const workId of new Set(submissions.map(submission => submission.workId))) {
    const newest = submissions
      .filter(submission => submission.workId === workId)
      .sort((a, b) =>
        a.receivedAt === b.receivedAt ? (a.id < b.id ? 1 : -1) : a.receivedAt < b.receivedAt ? 1 : -1,
      )[0];
    t.is(records.all('heads').find(head => head.id === workId)?.submissionId, newest?.id);
  }

  t.is(records.all('queue').length, submissions.length);
  t.is(records.all('heads').length, new Set(submissions.map(({workId}) => workId)).size);
}
