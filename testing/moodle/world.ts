import {setImmediate} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {hashBytes} from '../../domain/document-id.ts';
import {eventTypes} from '../../domain/events.ts';
import {activityArchiveName, activityStudentName, type ObjectName, resultName} from '../../domain/object-names.ts';
import {makeRecord} from '../../functions/record/handler.ts';
import {startExchange} from '../exchange-world.ts';
import {sampleAssignResult, sampleGradeResult, sampleQuestion} from '../make.ts';
import {type Sending, send, signToken} from './client.ts';
import {makeMaster} from './demo.ts';

export const secret = 'a secret that has enough characters';
export const master = makeMaster();
export const file = {name: 'demo.ipynb', content: master};
const questions = ['q1', 'q2'].map(name => ({name, possible: 1}));

/**
 * Starts the exchange as it is composed, with Moodle's secret, and the record stage over the same records: `work` does
 * what a job would, whenever the exchange waits. A wait is as long as the clock says.
 */
export async function startMoodle(t: ExecutionContext, environment: Record<string, string> = {}) {
  const world = await startExchange(t, {isHubless: true, environment: {JWT_SECRET: secret, ...environment}});
  const {records, content} = world;
  const work = {run: async () => {}};
  let waited = 0;
  world.waits.onWait = async total => {
    world.pass(total - waited);
    waited = total;
    await setImmediate();
    await work.run();
  };
  const keyOf = ({bucket, name}: ObjectName) => `${bucket}/${name}`;
  const record = makeRecord({
    ...records,
    readObject: async object => content.get(keyOf(object)),
    async writeObject(object, bytes) {
      content.set(keyOf(object), bytes);
      return 'written';
    },
    async wake() {},
    now: () => world.clock.now,
    log() {},
  });
  const upload = async (id: string, result: object) => {
    await records.transact(async transaction => {
      transaction.put('runs', {id, last: 1, createdAt: world.clock.now});
      const entry = await Promise.resolve(records.all('queue').find(one => one.id === id));
      if (entry) {
        const claim = {run: 1, batch: 'b', task: 0, execution: null, claimedAt: world.clock.now};
        transaction.put('queue', {...entry, claimed: true, claim});
      }
    });
    const object = resultName(id, 1);
    content.set(keyOf(object), Buffer.from(JSON.stringify(result)));
    await record({id: 'event', type: eventTypes.objectFinalized, subject: `objects/${object.name}`});
  };

  /** Does what waits in the queue: assignments of two questions, and notebooks that answer the first. */
  const doWork = async (given: object = {}) => {
    for (const entry of records.all('queue')) {
      if (entry.kind === 'assign') {
        const archive = Buffer.from(`archive of ${entry.creationId}`);
        content.set(keyOf(activityArchiveName(entry.creationId, 1)), archive);
        content.set(keyOf(activityStudentName(entry.creationId, 1)), Buffer.from('for students'));
        const {creationId} = entry;
        const autograderSha256 = await hashBytes(archive);
        await upload(entry.id, sampleAssignResult({creationId, autograderSha256, questions, ...given}));
      } else if (entry.kind === 'grade') {
        const {submissionId, autograderSha256} = entry;
        const answers = [sampleQuestion('q1', 1, 1), sampleQuestion('q2', 0, 1)];
        await upload(submissionId, sampleGradeResult({submissionId, autograderSha256, questions: answers, ...given}));
      }
    }
  };
  work.run = doWork;
  const teacher = await signToken(secret);
  const call = (method: string, path: string, sending: Sending = {}) =>
    send(method, world.url + path, {token: teacher, ...sending});
  return {
    ...world,
    call,
    doWork,
    work,
    sign: (claims: object) => signToken(secret, claims),
    create: (path = '/12/34', sending: Sending = {}) => call('POST', path, {file, ...sending}),
  };
}

export type MoodleWorld = Awaited<ReturnType<typeof startMoodle>>;
