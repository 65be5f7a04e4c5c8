import {existsSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import type {Local} from '../../emulator/local.ts';
import {killAndRestart, waitUntil} from '../end-to-end.ts';
import {countLines, listKept, listKeptAtRest, readRecords} from '../kept.ts';
import {refuseByMoodle} from './check-refusals.ts';
import {type Answer, type Sending, send, signToken} from './client.ts';
import {answerNotebook, makeCells, makeMaster} from './demo.ts';
import {existing} from './refusal-row.ts';

export const secret = 'a secret that has enough characters';
const demo = {name: 'demo.ipynb', content: makeMaster()};
export const detailOf = ({json}: Answer) => (json() as {detail: string}).detail;
export type Created = {'demo.ipynb': string; total: number; points: Record<string, number>};
export type Graded = {total: number; points: Record<string, number>; output: Record<string, string>};

/** Signs a token once, and sends everything with it. */
export async function openAsMoodle(local: Local) {
  const token = await signToken(secret);
  return (method: string, path: string, sending: Sending = {}) =>
    send(method, local.stack.url + path, {token, ...sending});
}

/** Goes through all that mod_jupyter does with an activity, on the real parts: made, answered to, deleted, made again. */
export async function goThroughActivity(t: ExecutionContext, local: Local): Promise<void> {
  const call = await openAsMoodle(local);
  const refused = await call('POST', '/7/1', {file: {name: 'plain.ipynb', content: makeCells([])}});
  t.is(refused.status, 400);
  const noSyntax = 'Failed to create assignment: Your file does not match the Otter-Grader assignment syntax.';
  t.is(detailOf(refused), noSyntax);

  const [first, second] = await Promise.all([call('POST', '/7/1', {file: demo}), call('POST', '/7/1', {file: demo})]);
  const [created, late] = first.status === 201 ? [first, second] : [second, first];
  t.is(created.status, 201, created.text);
  t.is(late.status, 400);
  t.is(detailOf(late), 'Activity 7/1 already exists.');
  const {'demo.ipynb': encoded, ...points} = created.json() as Created;
  t.deepEqual(points, {total: 3, points: {1: 1, 2: 1, 3: 1}});
  const student = Buffer.from(encoded, 'base64');

  const submit = (user: string, content: Uint8Array, name = 'demo.ipynb') =>
    call('POST', `/7/1/${user}`, {file: {name, content}});
  const [all, some] = await Promise.all([
    submit('alice', answerNotebook(student, ['q1', 'q2', 'q3']), 'other name.ipynb'),
    submit('bob', answerNotebook(student, ['q1', 'q3'])),
  ]);
  t.is(all.status, 200, all.text);
  const passed = (question: string) => `${question} results: All test cases passed!`;
  t.deepEqual(all.json(), {
    total: 3,
    points: {1: 1, 2: 1, 3: 1},
    output: {1: passed('q1'), 2: passed('q2'), 3: passed('q3')},
  });
  const {total, points: earned, output} = some.json() as Graded;
  t.deepEqual([total, earned], [2.5, {1: 1, 2: 0.5, 3: 1}]);
  t.regex(output[2] ?? '', /^q2 results:\n {4}q2 - 1 result:\n {8}✅ Test case passed\n[\s\S]*❌ Test case failed/);
  t.is(output[1], passed('q1'));
  t.is((await submit('bob', answerNotebook(student, ['q1', 'q3']))).text, some.text);

  await submitHostile(t, submit, student);
  t.is((await call('DELETE', '/7/1')).status, 204);
  t.is((await call('DELETE', '/7/1')).status, 400);
  t.is(detailOf(await submit('alice', student)), "Activity 7/1 doesn't exist.");
  await checkAudited(t, local);
}

/** Checks that audit has each step of the activity once: one that was refused by otter, and one that came and went. */
async function checkAudited(t: ExecutionContext, local: Local): Promise<void> {
  const steps = {'activity to be made': 2, 'activity not made': 1, 'activity made': 1, 'activity deleted': 1};
  const read = async () => (await readRecords(local, 'audit')).filter(entry => /"activity [a-z ]+"/.test(entry));
  await waitUntil('audit’s entries', async () => (await read()).length >= 5, 120);
  const entries = await read();
  for (const [what, times] of Object.entries(steps)) {
    t.is(entries.filter(entry => entry.includes(`"${what}"`)).length, times, what);
  }

  t.true(entries.every(entry => entry.includes('"teacher"') && entry.includes('"moodle-7"')));
  // Neither otter's words nor names of files; ids are of letters and may spell anything.
  t.notRegex(entries.join(), /does not match|Otter-Grader assignment|\.ipynb|assert /);
}

/**
 * Makes an activity and submits to it by names that a shell, a database or a folder would read; then sends everything
 * that is refused, and looks at what is kept.
 */
export async function goThroughRefusals(t: ExecutionContext, local: Local): Promise<void> {
  const call = await openAsMoodle(local);
  const name = "it's $(touch PWNED); `id` & demo.ipynb";
  const created = await call('POST', existing, {file: {...demo, name}});
  t.is(created.status, 201, created.text);
  const student = Buffer.from((created.json() as Record<string, string>)[name] ?? '', 'base64');
  const content = answerNotebook(student, ['q1', 'q2', 'q3']);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell would read it.
  const students = ['../../etc/passwd', '..', 'x$(touch${IFS}PWNED)', "'; DROP TABLE grades; --", '=1+1', '__proto__'];
  const answers = await Promise.all(
    students.map(one => call('POST', `${existing}/${encodeURIComponent(one)}`, {file: {name, content}})),
  );
  for (const [index, {status, text}] of answers.entries()) {
    t.is(status, 200, `${students[index]}: ${text}`);
    t.is(JSON.parse(text).total, 3);
  }

  const kept = await listKeptAtRest(local);
  t.is(kept.filter(line => /^submissions .*"moodle-12"/.test(line)).length, students.length);
  const objects = kept.filter(line => line.startsWith('object '));
  t.true(objects.filter(line => line.includes('notebooks')).length >= students.length);
  t.notRegex(objects.join('\n'), /PWNED|passwd|TABLE|\.\./);
  t.false(existsSync('PWNED'));
  await refuseByMoodle(t, {
    ...{url: local.stack.url, secret},
    listKept: () => listKept(local),
    countCutOff: () => countLines(local, '"incomplete-body"'),
  });
}

/** What a notebook or a name could do to the reference: read its secret, end its process, reach its shell. */
async function submitHostile(
  t: ExecutionContext,
  submit: (user: string, content: Uint8Array) => Promise<Answer>,
  student: Buffer,
): Promise<void> {
  const spying = answerNotebook(
    student,
    ['q1'],
    'import os\nprint(dict(os.environ))\nprint(open("/proc/1/environ").read())\n',
  );
  const told = await submit('x%24(touch%24%7BIFS%7DPWNED)', spying);
  t.is(told.status, 200);
  t.false(told.text.includes(secret));
  t.false(existsSync('PWNED'));

  const quitting = answerNotebook(student, [], 'import os\nos._exit(0)\n');
  const none = (await submit('quits', quitting)).json() as Graded;
  t.is(none.total, 0);
  t.deepEqual(Object.keys(none.output), ['1', '2', '3']);
  t.true(Object.values(none.output).every(text => text !== ''));
}

/** Kills Holt while it makes an activity and while it grades: what was taken in is done, and answered when it is asked for. */
export async function killWhileWaiting(t: ExecutionContext, local: Local, part: string): Promise<void> {
  const call = await openAsMoodle(local);
  const creating = call('POST', '/7/2', {file: demo}).catch(() => undefined);
  await sleep(500);
  await killAndRestart(local, part);
  await creating;
  const create = await askUntil(() => call('POST', '/7/2', {file: demo}), [201]);
  t.is(create.status, 201);
  const student = Buffer.from((create.json() as Created)['demo.ipynb'], 'base64');

  const file = {name: 'demo.ipynb', content: answerNotebook(student, ['q2'])};
  const grading = call('POST', '/7/2/alice', {file}).catch(() => undefined);
  await sleep(500);
  await killAndRestart(local, part);
  await grading;
  const graded = await askUntil(() => call('POST', '/7/2/alice', {file}), [200]);
  t.is((graded.json() as Graded).total, 2);
}

/** Asks again until an answer has one of these statuses. */
async function askUntil(ask: () => Promise<Answer>, statuses: readonly number[]): Promise<Answer> {
  let answer: Answer | undefined;
  await waitUntil('an answer', async () => {
    answer = await ask().catch(() => undefined);
    await sleep(200);
    return answer !== undefined && statuses.includes(answer.status);
  });
  return answer as Answer;
}
