import {mkdtempSync, rmSync} from 'node:fs';
import {homedir, tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {connectFirestore} from '../adapters/google/records.ts';
import {getPrograms} from '../emulator/google/find-programs.ts';
import {startEmulators} from '../emulator/google/start-emulators.ts';

/** Starts emulators that tell nobody of events, and connects to Firestore. Both end with the test. */
export async function openFirestore(t: ExecutionContext, projectId: string) {
  process.env.METADATA_SERVER_DETECTION = 'none';
  const folder = mkdtempSync(path.join(tmpdir(), `${projectId}-`));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  const emulators = await startEmulators({
    programs: getPrograms({environment: process.env, home: homedir(), tools: path.resolve('.holt/tools')}),
    folder,
    projectId,
    eventsHost: '127.0.0.1:9',
    resultsBucket: 'results',
    notificationTopic: 'none',
    log() {},
  });
  t.teardown(() => emulators.close());
  const db = connectFirestore({projectId, emulatorHost: emulators.firestoreHost});
  t.teardown(() => db.terminate());
  return db;
}
