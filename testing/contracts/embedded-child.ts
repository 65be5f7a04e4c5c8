/*
 * A process that uses the embedded engine until it is killed: `<what> <folder>`. It tells each success on standard
 * output, a line each, written before anything else happens.
 */
import {writeSync} from 'node:fs';
import {openEmbeddedEngine} from '../../adapters/embedded/open.ts';
import {notebookName, resultName} from '../../domain/object-names.ts';
import {testSettings} from './embedded-engine.ts';
import {sampleRuns, sampleSubmission} from './samples.ts';

const [, , what = '', folder = '', argument = ''] = process.argv;
const tell = (line: string) => writeSync(1, `${line}\n`);

/** Submits without end, four at a time: an object, then a record and a count of records in one transaction. */
async function submitForever(): Promise<void> {
  const {objects, transact} = await openEmbeddedEngine(testSettings(folder));
  const content = new Uint8Array(20_000).fill(65);
  const submit = async (id: string) => {
    await objects.write(notebookName(id), content, 'application/json');
    await objects.write(resultName(id, 1), content, 'application/json');
    await transact(async ({find, create, put}) => {
      const count = (await find('runs', 'count'))?.last ?? 0;
      create('submissions', sampleSubmission({id}));
      put('runs', sampleRuns('count', count + 1));
    });
    tell(id);
  };
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async name => {
      for (let index = 0; ; index += 1) {
        await submit(`${name}-${process.pid}-${index}`);
      }
    }),
  );
}

/** Opens the folder and says so, or says why not. */
async function hold(): Promise<void> {
  try {
    await openEmbeddedEngine(testSettings(folder));
    tell('open');
    setInterval(() => {}, 1000);
  } catch (error) {
    tell(`${(error as {code?: string}).code}: ${(error as Error).message}`);
  }
}

/** Opens the folder with a step to version 2 that tells each record and takes its time. */
async function upgradeSlowly(): Promise<void> {
  const upgrade = (_: string, data: Record<string, unknown>) => {
    tell(`upgrading ${data.id}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return {...data, trace: 'upgraded'};
  };
  await openEmbeddedEngine({...testSettings(folder), schemaVersion: 2, upgradeSteps: [{from: 1, upgrade}]});
  tell('upgraded');
}

/** Starts an execution of stubborn tasks whose manifest address is the third argument. */
async function startJob(): Promise<void> {
  const settings = testSettings(folder);
  const command = [...settings.jobs.command, 'stubborn'];
  const {jobs} = await openEmbeddedEngine({...settings, jobs: {...settings.jobs, command}});
  tell(await jobs.start({tasks: 3, manifestIndexUrl: argument, timeoutSeconds: 60}));
}

/** Uses every part and closes; the process then ends by itself, or something was left behind. */
async function openAndClose(): Promise<void> {
  const engine = await openEmbeddedEngine(testSettings(folder));
  engine.startDelivery(async target => {
    if (target === 'audit') {
      throw new Error('not now');
    }
  });
  await engine.objects.write(resultName('a', 1), new Uint8Array(10), 'application/json');
  await engine.transact(async ({create}) => create('submissions', sampleSubmission()));
  await engine.wake();
  await engine.jobs.start({tasks: 3, manifestIndexUrl: argument, timeoutSeconds: 60});
  await engine.close();
  tell('closed');
}

const parts: Record<string, () => Promise<void>> = {
  submit: submitForever,
  hold,
  upgrade: upgradeSlowly,
  job: startJob,
  pass: openAndClose,
};
await parts[what]?.();
