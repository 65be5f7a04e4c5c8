import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {HoltError} from '../../domain/errors.ts';
import type {Jobs, Log, Objects, Records, Replay, Wake} from '../../domain/ports.ts';
import type {UpgradeStep} from '../../domain/upgrades.ts';
import {type CommitCounts, makeCommitter} from './committer.ts';
import {openFolder} from './durable-files.ts';
import {startExpiry} from './expiry.ts';
import {type JobSettings, openJobs} from './jobs.ts';
import {openObjectFiles} from './object-files.ts';
import {openDatabase} from './open-database.ts';
import {
  listEvents,
  makeObjectEvents,
  makeReplayEvent,
  makeWakeEvent,
  type NewEvent,
  standardTriggers,
  type Trigger,
} from './outbox.ts';
import {type Deliver, makePump} from './pump.ts';
import {makeRecords} from './records.ts';
import {type HandleSigned, makeSignedServer} from './signed-server.ts';
import {makeSigner, openSigningKey} from './signed-urls.ts';
import {tellStorageError} from './storage-errors.ts';

export type EmbeddedSettings = {
  /** Everything is kept here; made when it is missing, readable by its owner only. */
  folder: string;
  /** Where `handleSigned` is mounted, such as `http://127.0.0.1:8080`; asked for each signed URL. */
  origin: () => string;
  jobs: JobSettings;
  log: Log;
  /** Which stage hears of which records; unless given, as on Google Cloud. */
  triggers?: readonly Trigger[];
  /** Events handed over at once to each target; 8 unless given. */
  deliveries?: number;
  /** Seconds that `close` waits for deliveries under way; 10 unless given. */
  closeSeconds?: number;
  /** False (`--no-upgrade`) refuses an older store. */
  allowUpgrade?: boolean;
  /** The version of the stored shapes, and the steps to it; the domain's unless a test gives its own. */
  schemaVersion?: number;
  upgradeSteps?: readonly UpgradeStep[];
};

export type EmbeddedEngine = Records & {
  objects: Objects;
  jobs: Jobs;
  wake: Wake;
  replay: Replay;
  handleSigned: HandleSigned;
  /** Begins to hand over events, the ones that the last life left first. */
  startDelivery: (deliver: Deliver) => void;
  commits: Readonly<CommitCounts>;
  /** Ends tasks and deliveries, writes what waits and frees the folder. */
  close: () => Promise<void>;
};

/**
 * Opens the embedded engine on a folder, alone.
 *
 * Throws: `busy` when another Holt runs on the folder, `incompatible-store` when its data cannot be used by this
 *         version, `storage-unavailable` when the disk refuses.
 */
export async function openEmbeddedEngine(settings: EmbeddedSettings): Promise<EmbeddedEngine> {
  const {folder, origin, log, triggers = standardTriggers, deliveries = 8, closeSeconds = 10} = settings;
  const tell = (error: unknown) => tellStorageError(error, folder);
  await mkdir(folder, {recursive: true, mode: 0o700}).catch(error => Promise.reject(tell(error)));
  const store = openDatabase(settings);
  const undo: (() => unknown)[] = [() => store.database.close()];
  const closeAll = async () => {
    for (const step of undo.splice(0).toReversed()) {
      await step();
    }
  };

  try {
    const root = await openFolder(folder);
    undo.push(() => root.close());
    await root.sync();
    const key = await openSigningKey(folder);

    const committer = makeCommitter(store, triggers, rows => pump.add(rows), tell);
    undo.push(() => committer.close());
    const pump = makePump({deliveries, forget: committer.forget, log});
    pump.add(listEvents(store));

    const send = async (events: NewEvent[]): Promise<void> => {
      if (events.length > 0) {
        await committer.commit({reads: [], writes: [], events});
      }
    };

    const objectsRoot = path.join(folder, 'objects');
    const files = await openObjectFiles(objectsRoot, object => send(makeObjectEvents(object)));
    undo.push(() => files.close());
    undo.push(startExpiry(store, objectsRoot, log));
    const jobs = await openJobs(store, settings.jobs, log);
    undo.push(() => Promise.all([pump.stop(closeSeconds), jobs.close()]));

    return {
      ...makeRecords(store, committer),
      objects: {...files, ...makeSigner(key, origin)},
      jobs,
      handleSigned: makeSignedServer(files, key, log),
      commits: committer.counts,
      startDelivery: pump.start,
      replay: (stage, id) => send([makeReplayEvent(stage, id)]),
      async wake({course} = {}) {
        const wakeUp = makeWakeEvent(course);
        if (!pump.isWaiting(wakeUp.target, wakeUp.event)) {
          await send([wakeUp]);
        }
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error instanceof HoltError ? error : tell(error);
  }
}
