import test from 'ava';
import {openTestEngine} from '../../testing/contracts/embedded-engine.ts';
import {eventsContract} from '../../testing/contracts/events.ts';
import {jobsContract} from '../../testing/contracts/jobs.ts';
import {objectsContract} from '../../testing/contracts/objects.ts';
import {recordsContract} from '../../testing/contracts/records.ts';

recordsContract(test, t => openTestEngine(t));
objectsContract(test, async t => (await openTestEngine(t)).objects);
jobsContract(test, async t => (await openTestEngine(t)).jobs);
eventsContract(test, async (t, deliver) => {
  const engine = await openTestEngine(t);
  engine.startDelivery(deliver);
  return {...engine, records: engine, prefix: ''};
});
