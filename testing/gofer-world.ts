import {cp, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {openBrowser} from '../emulator/as-otter-submit.ts';
import {goferPrefix} from '../emulator/companions.ts';
import {type DemoLms, makeDemoLms} from '../emulator/demo-lms.ts';
import {type Local, startLocal} from '../emulator/local.ts';
import {sampleLab} from '../emulator/options.ts';
import {makeStandInToken} from '../emulator/stand-in-hub.ts';
import {logIn, waitForGrade} from './end-to-end.ts';
import {goferRefusals, pressGofer} from './gofer-requests.ts';
import {setUpPython} from './grader.ts';
import {findChanges, listKept, listKeptAtRest} from './kept.ts';

export const goferSuccess =
  "User submission has been received. Grade will be posted to the gradebook once it's finished running!";
const item = 'id-of-lab-demo';

/** Starts a local stack whose course 8x is as gofer_service has it, with an LMS that only gofer's config names. */
export async function startGoferCourse(
  t: ExecutionContext,
  environment: Record<string, string> = {},
): Promise<{local: Local; lms: DemoLms; folder: string}> {
  await setUpPython();
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-gofer-'));
  const course = path.join(folder, 'course');
  const archives = path.join(course, 'materials/x19/lab/1/lab-demo');
  await mkdir(archives, {recursive: true});
  await cp(
    path.join(sampleLab, 'autograders/demo/zips/lab-demo-autograder.zip'),
    `${archives}/lab-demo-autograder.zip`,
  );
  const own = {'8x': {staff: ['prof'], limits: {notebookSeconds: 20, cellSeconds: 4}}};
  await writeFile(path.join(course, 'course-config.json'), JSON.stringify(own));
  let lms: DemoLms | undefined;
  const local = await startLocal({
    ...{engine: 'embedded', port: 0, dataFolder: path.join(folder, 'data'), course},
    onUnexpectedExit() {},
    async startHub({consumerKey, consumerSecret}) {
      const made = makeDemoLms({consumerKey, consumerSecret, strict: true});
      lms = made;
      const server = createServer((request, response) => void made.handle(request, response));
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const place = '/courses/course-v1:O+C+R/xblock/block-v1:O+C+R+type@lti_consumer+block@b1';
      const url = `http://${host}${place}/handler_noauth/outcome_service_handler?item=3`;
      const file = path.join(folder, 'x19_config.json');
      const config = {sourcedid: {1: {'lab-demo': item}}, outcomes_url: {1: {'lab-demo': url}}};
      await writeFile(file, JSON.stringify({'8x': config}));
      return {
        environment: {HOLT_LMS_HOSTS: host, COURSE_CONFIG_PATH: file, ...environment},
        close: async () => void server.close().closeAllConnections(),
      };
    },
  });
  t.teardown(async () => {
    await local.close();
    await rm(folder, {recursive: true, force: true, maxRetries: 5});
  });
  return {local, lms: lms as DemoLms, folder};
}

/** One of the lab's notebooks as a gofer course would have it; the course is 8x when none is named. */
export async function readGoferLab(notebook: string, metadata: object = {}): Promise<string> {
  const file = path.join(sampleLab, `submissions/${notebook}.ipynb`);
  const {metadata: before, ...rest} = JSON.parse(await readFile(file, 'utf8'));
  const {otter_service: _, ...kept} = before;
  return JSON.stringify({...rest, metadata: {...kept, section: '1', lab: 'lab-demo', ...metadata}});
}

/** Presses gofer's button; answers the submission's id. */
export async function submitByGofer(
  t: ExecutionContext,
  local: Local,
  student: string,
  notebook: string,
): Promise<string> {
  const browser = await logIn(local, student, openBrowser());
  const answer = await pressGofer(browser, {origin: local.stack.url, student, notebook});
  t.is(await answer.text(), goferSuccess);
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  return answer.headers.get('holt-submission') ?? '';
}

/** Submits by gofer's button to a course that otter's clients submit to too; both dialects stand in one exchange. */
export async function gradeByGofer(t: ExecutionContext, local: Local): Promise<void> {
  const id = await submitByGofer(t, local, 'gofer', await readGoferLab('partial', {course: 'demo'}));
  t.deepEqual((await waitForGrade(local, 'gofer', id)).score, {earned: 12, possible: 15});
  t.is(local.companions.findScore('gofer'), 0.8);
}

/** Sends what gofer_service answered with an HTML page, on a whole system; nothing is kept of it. */
export async function refuseByGofer(t: ExecutionContext, local: Local): Promise<void> {
  const {stack} = local;
  const before = await listKeptAtRest(local);
  const headers = {Authorization: `token ${makeStandInToken('mallory')}`, 'Content-Type': 'application/json'};
  const send = async (body: string) => fetch(stack.url + goferPrefix, {method: 'POST', headers, body});
  const huge = JSON.stringify({nb: {cells: [], metadata: {}, nbformat: 4, x: 'x'.repeat(21 * 2 ** 20)}});
  const requests = [
    ...goferRefusals.map(([what, body, status, , sentence]) => ({what, body, status, sentence})),
    {what: 'a huge body', body: huge, status: 413, sentence: /too large|larger|MB/},
  ];
  for (const {what, body, status, sentence} of requests) {
    const answer = await send(typeof body === 'string' ? body : JSON.stringify(body));
    const text = await answer.text();
    t.deepEqual([answer.status, answer.headers.get('content-type')], [status, 'text/plain; charset=utf-8'], what);
    t.regex(text, sentence, what);
    t.notRegex(text, /<[!/]?(html|doctype|body|title|p)\b|\n/i, what);
  }

  const list = await fetch(`${stack.url}${goferPrefix}submissions`, {headers});
  t.deepEqual(((await list.json()) as {submissions: unknown[]}).submissions, []);
  t.deepEqual(findChanges(before, await listKept(local)), []);
}
