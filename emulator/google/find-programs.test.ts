import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {findPrograms, getPrograms} from './find-programs.ts';

const roots: string[] = [];
test.after.always(() => {
  for (const root of roots) {
    rmSync(root, {recursive: true, force: true});
  }
});

/** A machine that has these files and nothing else. */
function makeMachine(files: readonly string[], environment: Record<string, string> = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'holt-machine-'));
  roots.push(root);
  for (const file of files) {
    const full = path.join(root, file);
    mkdirSync(path.dirname(full), {recursive: true});
    writeFileSync(full, '');
    chmodSync(full, 0o755);
  }

  const at = (file: string) => path.join(root, file);
  const places = {environment: {PATH: at('bin'), ...environment}, home: at('home'), tools: at('tools'), root};
  return {root, at, places};
}

function addJava(root: string, home: string, version: string) {
  mkdirSync(path.join(root, home, 'bin'), {recursive: true});
  writeFileSync(path.join(root, home, 'bin/java'), '');
  writeFileSync(path.join(root, home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`);
}

const firestoreJar = 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar';
const pubsubJar = 'platform/pubsub-emulator/lib/cloud-pubsub-emulator-0.8.20-all.jar';

test('an installed Cloud SDK is found through the gcloud on PATH', t => {
  const {root, at, places} = makeMachine([
    'opt/sdk/bin/gcloud',
    `opt/sdk/${firestoreJar}`,
    `opt/sdk/${pubsubJar}`,
    'bin/fake-gcs-server',
  ]);
  symlinkSync(at('opt/sdk/bin/gcloud'), at('bin/gcloud'));
  addJava(root, 'usr/lib/jvm/java-17', '17.0.15');
  const {firestore, pubsub, storage} = getPrograms(places);
  t.like(firestore, {command: at('usr/lib/jvm/java-17/bin/java')});
  t.true('args' in firestore && firestore.args.includes(at(`opt/sdk/${firestoreJar}`)));
  t.deepEqual('args' in pubsub && pubsub.args, ['-jar', at(`opt/sdk/${pubsubJar}`)]);
  t.is(storage.command, at('bin/fake-gcs-server'));
});

test('a distribution’s Cloud SDK is found without gcloud on PATH', t => {
  const sdk = 'usr/lib/google-cloud-sdk';
  const {root, places} = makeMachine([`${sdk}/${firestoreJar}`, `${sdk}/${pubsubJar}`, 'home/go/bin/fake-gcs-server']);
  addJava(root, 'usr/lib/jvm/java-21', '21');
  t.deepEqual(findPrograms(places).missing, []);
});

test('the Firebase CLI’s cache is found, its newest version first', t => {
  const cache = 'home/.cache/firebase/emulators';
  const {root, at, places} = makeMachine([
    `${cache}/cloud-firestore-emulator-v1.9.0.jar`,
    `${cache}/cloud-firestore-emulator-v1.19.8.jar`,
    `${cache}/pubsub-emulator-0.8.14/pubsub-emulator/lib/cloud-pubsub-emulator-0.8.14-all.jar`,
    `${cache}/pubsub-emulator-0.8.14.zip`,
    'tools/fake-gcs-server',
  ]);
  addJava(root, 'usr/lib/jvm/java-21', '21.0.1');
  const {firestore, pubsub} = getPrograms(places);
  t.true('args' in firestore && firestore.args.includes(at(`${cache}/cloud-firestore-emulator-v1.19.8.jar`)));
  t.true('args' in pubsub && pubsub.args[1]?.endsWith('cloud-pubsub-emulator-0.8.14-all.jar'));
});

test('the newest Java is taken, and one below 17 is none', t => {
  const sdk = 'usr/lib/google-cloud-sdk';
  const {root, at, places} = makeMachine([`${sdk}/${firestoreJar}`, `${sdk}/${pubsubJar}`, 'tools/fake-gcs-server']);
  addJava(root, 'usr/lib/jvm/java-8', '1.8.0_402');
  addJava(root, 'usr/lib/jvm/java-11', '11.0.2');
  t.deepEqual(
    findPrograms(places).missing.map(({name}) => name),
    ['Java 17 or newer'],
  );
  addJava(root, 'usr/lib/jvm/java-17', '17.0.1');
  addJava(root, 'usr/lib/jvm/temurin-25', '25.0.3');
  t.like(getPrograms(places).firestore, {command: at('usr/lib/jvm/temurin-25/bin/java')});
});

test('emulators that run already are used, and need no Java', t => {
  const hosts = {FIRESTORE_EMULATOR_HOST: '127.0.0.1:8080', PUBSUB_EMULATOR_HOST: '127.0.0.1:8085'};
  const {places} = makeMachine(['tools/fake-gcs-server'], hosts);
  const {firestore, pubsub} = getPrograms(places);
  t.deepEqual([firestore, pubsub], [{host: '127.0.0.1:8080'}, {host: '127.0.0.1:8085'}]);
});

test('on an empty machine one sentence names all that is missing, with the commands', t => {
  const {places} = makeMachine([]);
  const error = t.throws(() => getPrograms(places), {instanceOf: HoltError});
  t.is(error.code, 'invalid-setting');
  for (const part of [
    'Java 17',
    'gcloud components install cloud-firestore-emulator',
    'gcloud components install pubsub-emulator',
    'go install github.com/fsouza/fake-gcs-server@v',
  ]) {
    t.true(error.message.includes(part), `${part} in: ${error.message}`);
  }
});
