import test, {type ExecutionContext} from 'ava';
import type {RecordOf} from '../../domain/records.ts';
import {checkProblem, checkRefusals, checkWhole} from '../../testing/exchange-checks.ts';
import {type ExchangeWorld, type Fault, makeNotebook, startExchange} from '../../testing/exchange-world.ts';

const alice = {Authorization: 'token dev-alice'};
const submit = async (world: ExchangeWorld, answer: string, headers: Record<string, string> = alice) => {
  const response = await world.post({nb: makeNotebook(answer)}, headers);
  return {status: response.status, id: response.headers.get('holt-submission') ?? '', response};
};

/** Ends the work on a submission: its entry leaves the queue, with a result or a failure. */
const finish = async ({records}: ExchangeWorld, id: string, cause: RecordOf<'results'>['cause'] | 'failure') => {
  const submission = records.all('submissions').find(found => found.id === id) as RecordOf<'submissions'>;
  const {course, section, assignment, student, workId, receivedAt} = submission;
  const about = {course, section, assignment, student, createdAt: receivedAt};
  const run = 1 + records.all('results').length;
  await records.transact(async transaction => {
    transaction.remove('queue', id);
    transaction.put('runs', {id, last: run, createdAt: receivedAt});
    if (cause === 'failure') {
      transaction.put('failures', {
        ...{...about, id, cause: 'infrastructure', message: 'It did not start.', strikes: 3},
      } as RecordOf<'failures'>);
    } else {
      transaction.put('results', {
        ...{...about, id: `${id}-${run}`, submissionId: id, workId, run, cause, message: '', receivedAt},
        ...{score: {earned: 1, possible: 2}, questions: [], autograderSha256: 'a'.repeat(64)},
        ...{otter: '7', isolation: 'bubblewrap', policy: 'latest', gradedAt: receivedAt},
      } as RecordOf<'results'>);
    }
  });
};

test('the same notebook again is the same submission, and no new run', async t => {
  const world = await startExchange(t);
  const first = await submit(world, '1');
  world.pass(10);
  const again = await submit(world, '1');
  t.deepEqual([again.status, again.id], [200, first.id]);
  t.is(world.records.all('submissions').length, 1);
  t.is(world.content.size, 1);
  t.is(world.wakes.length, 1);

  await finish(world, first.id, 'student');
  t.is((await submit(world, '1')).id, first.id);
  t.deepEqual(world.records.all('queue'), []);
  t.is(world.wakes.length, 1);
});

test('the same notebook after another one is a new submission', async t => {
  const world = await startExchange(t);
  const ids = new Set<string>();
  for (const answer of ['1', '2', '1']) {
    ids.add((await submit(world, answer)).id);
    world.pass(1);
  }

  t.is(ids.size, 3);
  t.is(world.records.all('heads')[0]?.submissionId, [...ids][2]);
  checkWhole(t, world);
});

test('the same notebook of another student, or for another assignment, is another submission', async t => {
  const world = await startExchange(t);
  await submit(world, '1');
  await submit(world, '1', {Authorization: 'token dev-bob'});
  await world.post({nb: makeNotebook('1', {course: 'demo', section: '1', assignment: 'hw'})}, alice);
  t.is(world.records.all('submissions').length, 3);
  checkWhole(t, world);
});

for (const cause of ['failure', 'autograder', 'infrastructure'] as const) {
  test(`a submission that failed by ${cause} is queued once for a new run, even by ten at once`, async t => {
    const world = await startExchange(t);
    const {id} = await submit(world, '1');
    await finish(world, id, cause);
    world.pass(60);
    const answers = await Promise.all(Array.from({length: 10}, () => submit(world, '1')));
    t.deepEqual(new Set(answers.map(answer => `${answer.status} ${answer.id}`)), new Set([`200 ${id}`]));
    t.like(world.records.all('queue'), [{id, claimed: false, strikes: 0, queuedAt: world.clock.now}]);
    t.is(world.wakes.length, 2);
    checkWhole(t, world);
  });
}

for (const cause of ['student', 'limit'] as const) {
  test(`a submission that was graded with cause ${cause} is not graded again`, async t => {
    const world = await startExchange(t);
    const {id} = await submit(world, '1');
    await finish(world, id, 'infrastructure');
    await finish(world, id, cause);
    t.is((await submit(world, '1')).id, id);
    t.deepEqual(world.records.all('queue'), []);
  });
}

test('two notebooks at once are both kept, and the head is the newest', async t => {
  for (let round = 0; round < 10; round += 1) {
    const world = await startExchange(t);
    const answers = await Promise.all(['1', '2', '3'].map(answer => submit(world, answer)));
    t.deepEqual(
      answers.map(({status}) => status),
      [200, 200, 200],
    );
    // The clock stood: of uploads at one time the id decides, and the same for everybody.
    t.is(world.records.all('heads')[0]?.submissionId, answers.map(({id}) => id).sort()[2]);
    checkWhole(t, world);
  }
});

test('twenty copies at once are one submission, with one notebook', async t => {
  const world = await startExchange(t);
  const answers = await Promise.all(Array.from({length: 20}, () => submit(world, '1')));
  t.is(new Set(answers.map(({id}) => id)).size, 1);
  t.true(answers.every(({status}) => status === 200));
  t.is(world.content.size, 1);
  checkWhole(t, world);
});

test('a clock that goes back keeps the newest upload the head', async t => {
  const world = await startExchange(t);
  const newest = await submit(world, '1');
  world.pass(-60);
  await submit(world, '2');
  t.is(world.records.all('heads')[0]?.submissionId, newest.id);
  checkWhole(t, world);
});

test('a wake-up that fails costs nothing but a minute', async t => {
  const world = await startExchange(t);
  world.ports.fault = {at: await countCalls(t, 'wake'), when: 'before'};
  const {status, id} = await submit(world, '1');
  t.is(status, 200);
  t.true(world.logs.some(({severity, message}) => severity === 'WARNING' && /the sweep will wake/.test(message)));
  t.is(world.records.all('queue')[0]?.id, id);
  checkWhole(t, world);
  checkRefusals(t, world, []);
});

/** The number of the call of a port in an undisturbed submit. */
async function countCalls(t: ExecutionContext, name: string): Promise<number> {
  const world = await startExchange(t);
  await submit(world, '1');
  return world.ports.calls.lastIndexOf(name) + 1;
}

test('an answer of success is never sent before all is durable', async t => {
  const world = await startExchange(t);
  await submit(world, '1');
  const {calls} = world.ports;
  t.true(calls.indexOf('write') < calls.indexOf('transact'));
  t.true(calls.indexOf('transact') < calls.indexOf('wake'));
});

/** What a student does: one way to send a notebook, again and again until it is answered with success. */
type Attempt = (world: ExchangeWorld) => Promise<() => Promise<Response>>;

const byToken: Attempt = async world => () => world.post({nb: makeNotebook()}, alice);
const byBrowser: Attempt = async world => {
  const browser = world.openBrowser();
  await browser.logIn('alice');
  return () => browser.press({notebook: makeNotebook(), student: 'alice'});
};
const afterAnExpiredLogin: Attempt = async world => {
  const browser = world.openBrowser();
  await browser.logIn('alice');
  browser.expireLogin();
  await browser.press({notebook: makeNotebook('earlier'), student: 'alice'});
  world.pass(600);
  await browser.logIn('alice');
  return () => browser.press({notebook: makeNotebook(), student: 'alice'});
};

const survives = test.macro({
  async exec(t, _: string, attempt: Attempt, expected: number) {
    const calm = await startExchange(t);
    const press = await attempt(calm);
    calm.ports.calls.length = 0;
    t.is((await press()).status, 200);
    const total = calm.ports.calls.length;
    t.is(calm.records.all('submissions').length, expected);

    for (let at = 1; at <= total; at += 1) {
      for (const when of ['before', 'after'] as const satisfies Fault['when'][]) {
        const world = await startExchange(t);
        const pressOnce = await attempt(world);
        world.ports.calls.length = 0;
        world.ports.fault = {at, when};
        const what = `${calm.ports.calls[at - 1]} (call ${at} of ${total}), ${when}`;
        const answers: Response[] = [];
        while (answers.at(-1)?.status !== 200 && answers.length < 4) {
          answers.push(await pressOnce());
          world.pass(1);
        }

        const [first] = answers;
        t.is(answers.at(-1)?.status, 200, what);
        t.true(answers.length <= 2, `${what}: the second time it works`);
        if (first?.status !== 200) {
          await checkProblem(t, first as Response, 503, 'storage-unavailable');
        }

        // Whatever could not be claimed at once is claimed by the next press.
        world.pass(300);
        await pressOnce();
        t.is(world.records.all('submissions').length, expected, what);
        const id = answers.at(-1)?.headers.get('holt-submission');
        t.truthy(
          world.records.all('submissions').find(submission => submission.id === id),
          what,
        );
        // A notebook that was parked without an answer has no cookie: its student's page offers it.
        const isUnanswered = calm.ports.calls.indexOf('transact') === at - 1 && when === 'after';
        const left = world.records.all('parked').filter(({claimed}) => !claimed);
        t.is(left.length, isUnanswered && attempt !== byToken ? 1 : 0, what);
        checkWhole(t, world);
      }
    }
  },
  title: (_, what) => `any port that fails while a notebook comes ${what} loses and doubles nothing`,
});

test(survives, 'by a token', byToken, 1);
test(survives, 'through the hub', byBrowser, 1);
test(survives, 'after one that waited', afterAnExpiredLogin, 2);
