import type {ExecutionContext, TestFn} from 'ava';
import {courseOf, documentOf, objectOf, type StageEvent} from '../../domain/events.ts';
import {notebookName, resultName} from '../../domain/object-names.ts';
import type {Objects, Records, Replay, Wake} from '../../domain/ports.ts';
import {pollUntil} from './poll.ts';
import {at, samplePassback, sampleRuns, sampleSubmission} from './samples.ts';

/** The stages that events reach. */
export type Stage = 'dispatch' | 'record' | 'passback' | 'audit';

/** What the suite needs of an engine: its ports, and the prefix of collections in its events. */
export type Events = {records: Records; objects: Objects; wake: Wake; replay: Replay; prefix: string};

/**
 * Opens an empty engine whose events reach `deliver`, wired as the stages are: `audit` on created records of the
 * watched collections and on every write of `passbacks`, `passback` on created `passbacks`, `record` on finalized
 * objects of the bucket `results`, `dispatch` on wake-ups, and replays to the stage they name. An event whose delivery
 * rejects comes again.
 */
export type MakeEvents = (
  t: ExecutionContext,
  deliver: (stage: Stage, event: StageEvent) => Promise<void>,
) => Promise<Events>;

/** Registers how every engine's events must arrive. `redelivers: false` where nothing delivers a failed event again. */
export function eventsContract(
  test: TestFn,
  makeEvents: MakeEvents,
  {redelivers = true}: {redelivers?: boolean} = {},
): void {
  /** An engine, and what it delivered: `stage document|object|wake` in order of arrival. */
  const listen = async (t: ExecutionContext, hear: (stage: Stage, event: StageEvent) => void = () => {}) => {
    const heard: string[] = [];
    let prefix = '';
    const events = await makeEvents(t, async (stage, event) => {
      hear(stage, event);
      const document = documentOf(event, prefix);
      const about = document ? `${document.collection}/${document.id}` : (objectOf(event) ?? courseOf(event) ?? '');
      heard.push(`${stage} ${about}`.trim());
    });
    prefix = events.prefix;
    const hears = (...lines: string[]) =>
      pollUntil(`${lines} among ${heard}`, () => lines.every(line => heard.includes(line)));
    return {...events, heard, hears};
  };

  test('events: a created record of a watched collection reaches audit', async t => {
    const {records, hears, heard} = await listen(t);
    await records.transact(async ({create}) => create('submissions', sampleSubmission()));
    await hears('audit submissions/submission-1');
    t.false(heard.includes('passback submissions/submission-1'));
  });

  test('events: every record of one transaction gives its own event', async t => {
    const {records, hears} = await listen(t);
    await records.transact(async ({create}) => {
      create('submissions', sampleSubmission({id: 'one'}));
      create('submissions', sampleSubmission({id: 'two'}));
      create('passbacks', samplePassback());
    });
    await hears('audit submissions/one', 'audit submissions/two', 'audit passbacks/grade-1-1');
    await hears('passback passbacks/grade-1-1');
    t.pass();
  });

  test('events: a record put for the first time is a created record', async t => {
    const {records, hears} = await listen(t);
    await records.transact(async ({put}) => put('passbacks', samplePassback()));
    await hears('passback passbacks/grade-1-1', 'audit passbacks/grade-1-1');
    t.pass();
  });

  test('events: a changed passback reaches audit again, and passback no more', async t => {
    const {records, hears, heard} = await listen(t);
    await records.transact(async ({create}) => create('passbacks', samplePassback()));
    await hears('passback passbacks/grade-1-1', 'audit passbacks/grade-1-1');
    await records.transact(async ({put}) => put('passbacks', samplePassback({state: 'sent', settledAt: at(5)})));
    await pollUntil('a second event', () => heard.filter(line => line === 'audit passbacks/grade-1-1').length >= 2);
    t.is(heard.filter(line => line === 'passback passbacks/grade-1-1').length, 1);
  });

  test('events: unwatched records, removals and transactions that failed give none', async t => {
    const {records, hears, heard} = await listen(t);
    await records.transact(async ({create}) => create('runs', sampleRuns('a', 1)));
    await t.throwsAsync(
      records.transact(async ({create}) => {
        create('submissions', sampleSubmission({id: 'failed'}));
        create('runs', sampleRuns('a', 1));
      }),
    );
    await records.transact(async ({create}) => create('submissions', sampleSubmission({id: 'last'})));
    await hears('audit submissions/last');
    await records.transact(async ({remove}) => remove('submissions', 'last'));
    await records.transact(async ({create}) => create('submissions', sampleSubmission({id: 'end'})));
    await hears('audit submissions/end');
    t.deepEqual([...new Set(heard)], ['audit submissions/last', 'audit submissions/end']);
  });

  test('events: the record is there when its event arrives', async t => {
    const found: Promise<unknown>[] = [];
    const events = await listen(t, (_, event) => {
      const document = documentOf(event, events.prefix);
      found.push(events.records.find('submissions', document?.id ?? ''));
    });
    await events.records.transact(async ({create}) => create('submissions', sampleSubmission()));
    await events.hears('audit submissions/submission-1');
    t.truthy(await found[0]);
  });

  test('events: an object of the results bucket reaches record, any other nobody', async t => {
    const {objects, hears, heard} = await listen(t);
    await objects.write(notebookName('s-1'), new Uint8Array(10), 'application/json');
    await objects.write(resultName('s-1', 1), new Uint8Array(10), 'application/json');
    await hears('record results/s-1/1.json');
    t.deepEqual([...new Set(heard)], ['record results/s-1/1.json']);
  });

  test('events: a result that comes by a signed PUT reaches record', async t => {
    const {objects, hears} = await listen(t);
    const {url, headers} = await objects.signPut(resultName('s-1', 2), 60, 1000);
    t.true((await fetch(url, {method: 'PUT', headers, body: '{}'})).ok);
    await hears('record results/s-1/2.json');
  });

  test('events: a wake-up reaches dispatch, with its course when it is about one', async t => {
    const courses: (string | undefined)[] = [];
    const {wake} = await listen(t, (stage, event) => stage === 'dispatch' && courses.push(courseOf(event)));
    await wake();
    await pollUntil('a wake-up', () => courses.includes(undefined));
    await wake({course: 'Größe "demo"/1'});
    await pollUntil('a wake-up of a course', () => courses.includes('Größe "demo"/1'));
    t.pass();
  });

  test('events: a replay reaches its stage alone and names what it is about', async t => {
    const {replay, hears, heard} = await listen(t);
    await replay('record', resultName('s-1', 1).name);
    await replay('passback', 'grade-1-1');
    await replay('audit', 'submissions/submission-1');
    const lines = ['record results/s-1/1.json', 'passback passbacks/grade-1-1', 'audit submissions/submission-1'];
    await hears(...lines);
    t.deepEqual([...new Set(heard)].toSorted(), lines.toSorted());
  });

  if (redelivers) {
    test('events: an event whose delivery fails comes again, with the same id', async t => {
      const ids: string[] = [];
      const {records, hears} = await listen(t, (_, event) => {
        if (ids.push(event.id) < 3) {
          throw new Error('not yet');
        }
      });
      await records.transact(async ({create}) => create('submissions', sampleSubmission()));
      await hears('audit submissions/submission-1');
      t.true(ids.length >= 3);
      t.is(new Set(ids).size, 1);
    });
  }
}
