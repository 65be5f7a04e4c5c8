import {readFileSync} from 'node:fs';
import test from 'ava';
import {HoltError} from '../../../domain/errors.ts';
import {eventTypes} from '../../../domain/events.ts';
import {makeAudit} from '../../../functions/audit/handler.ts';
import {acknowledgeFinal} from '../../../functions/runtime.ts';
import {type LogLine, matches} from '../../../testing/logging-filter.ts';
import {sampleGradeResult, samplePassback, sampleQueueEntry} from '../../../testing/make.ts';
import {makeStageWorld, type StageWorld} from '../../../testing/world/world.ts';

const hcl = ['metrics.tf', 'audit-log.tf'].map(file => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n');
const services = ['audit', 'dispatch', 'exchange', 'passback', 'record', 'sweep'];

const blockOf = (name: string): string => new RegExp(`^    ${name} = \\{\n.*?^    \\}$`, 'ms').exec(hcl)?.[0] ?? '';

/** A metric's filter as Terraform makes it where no prefix is set. */
const filterOf = (name: string): string => interpolate(/^ +filter +=\s(".*")$/m.exec(blockOf(name))?.[1] ?? '""');

const interpolate = (quoted: string) =>
  (JSON.parse(quoted.replaceAll(/\$\{[^}]*\}/g, part => JSON.stringify(part).slice(1, -1))) as string).replaceAll(
    /\$\{([^}]*)\}/g,
    (_, expression: string) => {
      const service = /^local\.of\.(\w+)$/.exec(expression)?.[1];
      return service
        ? `resource.type="cloud_run_revision" AND resource.labels.service_name="${service}"`
        : services.join('|');
    },
  );

/** What a metric reads out of a line. */
const extracted = (name: string, line: LogLine): unknown =>
  line.fields[/EXTRACT\(jsonPayload\.(\w+)\)/.exec(blockOf(name))?.[1] ?? ''];

const linesOf = (world: StageWorld, service: string): LogLine[] => world.logs.map(line => ({...line, service}));
const found = (name: string, lines: readonly LogLine[]) => lines.filter(line => matches(filterOf(name), line));

const eventOf = (id: string, run = 1) => ({
  id: 'event',
  type: eventTypes.objectFinalized,
  subject: `objects/results/${id}/${run}.json`,
});

/** A world where `s1` is being graded as run 1. */
async function setUp() {
  const world = await makeStageWorld();
  const [autograderSha256 = ''] = await world.prepare();
  await world.submit('s1');
  await world.stages.dispatch(world.eventOf());
  const record = async (given: Partial<ReturnType<typeof sampleGradeResult>> = {}) => {
    await world.upload('s1', 1, sampleGradeResult({submissionId: 's1', autograderSha256, ...given}));
    world.logs.length = 0;
    await world.stages.record(eventOf('s1'));
  };
  return {world, record};
}

test('the metric of the oldest entry reads the sweep’s line', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  world.pass(400);
  await world.stages.sweep();
  const [line, ...more] = found('oldest-waiting', linesOf(world, 'sweep'));
  t.deepEqual(more, []);
  t.is(line && extracted('oldest-waiting', line), 400);
  t.deepEqual(found('oldest-waiting', linesOf(world, 'dispatch')), []);
});

test('the metrics of grades read record’s line once, its time and its cause', async t => {
  const {world, record} = await setUp();
  world.pass(40);
  await record();
  const [line, ...more] = found('submit-to-grade', linesOf(world, 'record'));
  t.deepEqual(more, []);
  t.true(Number(line && extracted('submit-to-grade', line)) >= 40);
  t.deepEqual(
    found('runs', linesOf(world, 'record')).map(({fields}) => fields.cause),
    ['student'],
  );
  world.logs.length = 0;
  await world.stages.record(eventOf('s1'));
  t.true(world.logs.length > 0);
  t.deepEqual(found('submit-to-grade', linesOf(world, 'record')), []);
  t.deepEqual(found('runs', linesOf(world, 'record')), []);
});

for (const cause of ['infrastructure', 'autograder'] as const) {
  test(`a run that failed by ${cause} is counted once, under its cause, and is no grade`, async t => {
    const {world, record} = await setUp();
    await record({cause, questions: []});
    await world.stages.record(eventOf('s1'));
    const lines = linesOf(world, 'record');
    t.deepEqual(
      found('runs', lines).map(line => extracted('runs', line)),
      [cause],
    );
    t.deepEqual(found('submit-to-grade', lines), []);
  });
}

test('what the sweep gives up is counted', async t => {
  const world = await makeStageWorld();
  await world.transact(async transaction => {
    transaction.create('queue', sampleQueueEntry({id: 's1', strikes: 3}));
  });
  world.pass(86_400);
  await world.stages.sweep();
  t.is(found('given-up', linesOf(world, 'sweep')).length, 1);
});

test('a passback that failed is counted, one that is due or sent is not, and all of them are exported', async t => {
  const {world} = await setUp();
  const audit = makeAudit({...world.ports, prefix: '', isExported: true});
  world.logs.length = 0;
  const [, exported] = /audit_entries = (".*")$/m.exec(hcl) ?? [];
  const passback = samplePassback({state: 'pending'});
  for (const state of ['pending', 'sent', 'failed'] as const) {
    await world.transact(async transaction => {
      const settled = state === 'pending' ? {} : {settledAt: world.clock.now, nextAttemptAt: null};
      transaction.put('passbacks', {...passback, id: `p-${state}`, state, ...settled});
    });
    await audit({id: 'event', type: eventTypes.documentWritten, subject: `documents/passbacks/p-${state}`});
  }

  const lines = linesOf(world, 'audit');
  t.is(found('failed-passbacks', lines).length, 1);
  t.is(lines.filter(line => matches(interpolate(exported ?? '""'), line)).length, 5);
});

test('an event that is dropped is counted, whichever function drops it', async t => {
  const {world} = await setUp();
  world.logs.length = 0;
  await world.stages.passback({id: 'event', type: eventTypes.documentWritten, subject: 'documents/passbacks/nobody'});
  const refuse = acknowledgeFinal(async () => {
    throw new HoltError('invalid-result', 'No.');
  }, world.ports.log);
  await refuse({id: 'event', type: 'any'});
  t.is(found('dropped-events', linesOf(world, 'passback')).length, 2);
  t.is(found('dropped-events', linesOf(world, 'somebody-else')).length, 0);
});
