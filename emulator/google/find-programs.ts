import {existsSync, readdirSync, readFileSync, realpathSync} from 'node:fs';
import path from 'node:path';
import {HoltError} from '../../domain/errors.ts';

/** Where to look. Only `PATH` and variables of the Cloud SDK, Java and the emulators are read from the environment. */
export type Places = {
  environment: Record<string, string | undefined>;
  home: string;
  /** Folder of tools that the stack installs for itself. */
  tools: string;
  /** Folder that stands for `/`, for tests. */
  root?: string;
};

/** A program to start, or an emulator of somebody else that runs at `host:port` already. */
export type Found = {command: string; args: string[]} | {host: string};

export type Programs = {firestore: Found; pubsub: Found; storage: {command: string}};

/** What is not on this machine, and the command that would get it. */
export type Missing = {name: string; command: string};

/** fake-gcs-server is built from this version when the machine has none. */
export const FAKE_GCS_SERVER = 'github.com/fsouza/fake-gcs-server@v1.56.1';

const FIRESTORE_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';

/**
 * Finds the programs that stand in for Google Cloud.
 *
 * Rule:   an emulator that runs already, then an installed Cloud SDK, then the Firebase CLI's cache.
 * Throws: `invalid-setting` with one sentence that names all that is missing, each with the command that gets it.
 */
export function getPrograms(places: Places): Programs {
  const {firestore, pubsub, storage, missing} = findPrograms(places);
  if (!firestore || !pubsub || !storage) {
    const list = missing.map(({name, command}) => `${name} (get it with: ${command})`).join('; ');
    throw new HoltError('invalid-setting', `The google engine needs what this machine does not have: ${list}.`);
  }

  return {firestore, pubsub, storage};
}

/** Finds what there is, and lists what is missing. */
export function findPrograms(places: Places): Partial<Programs> & {missing: Missing[]} {
  const missing: Missing[] = [];
  const need = <T>(found: T | undefined, name: string, command: string): T | undefined => {
    if (!found) {
      missing.push({name, command});
    }

    return found;
  };

  const {FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST} = places.environment;
  const isJavaNeeded = !FIRESTORE_EMULATOR_HOST || !PUBSUB_EMULATOR_HOST;
  const java = isJavaNeeded
    ? need(findJava(places), 'Java 17 or newer', 'sudo apt-get install default-jre-headless, or: brew install openjdk')
    : undefined;
  const sdk = findSdkRoots(places);
  const firestore = FIRESTORE_EMULATOR_HOST
    ? {host: FIRESTORE_EMULATOR_HOST}
    : need(
        findFirestore(places, sdk),
        'the Firestore emulator',
        'gcloud components install cloud-firestore-emulator, or: npx firebase-tools setup:emulators:firestore',
      );
  const pubsub = PUBSUB_EMULATOR_HOST
    ? {host: PUBSUB_EMULATOR_HOST}
    : need(
        findPubsub(places, sdk),
        'the Pub/Sub emulator',
        'gcloud components install pubsub-emulator, or: npx firebase-tools setup:emulators:pubsub',
      );
  const gcs = findFakeGcs(places);
  const storage = need(gcs ? {command: gcs} : undefined, 'fake-gcs-server', `go install ${FAKE_GCS_SERVER}`);
  const run = (found: {host: string} | string[] | undefined): Found | undefined =>
    !found || 'host' in found ? found : java ? {command: java, args: found} : undefined;
  return {firestore: run(firestore), pubsub: run(pubsub), storage, missing};
}

/** Finds fake-gcs-server on PATH, where `go install` puts it, or among the stack's own tools. */
const findFakeGcs = (places: Places): string | undefined =>
  [
    findOnPath(places, 'fake-gcs-server'),
    places.environment.GOBIN && path.join(places.environment.GOBIN, 'fake-gcs-server'),
    path.join(places.environment.GOPATH ?? path.join(places.home, 'go'), 'bin', 'fake-gcs-server'),
    path.join(places.tools, 'fake-gcs-server'),
  ].find(file => file !== undefined && file !== '' && existsSync(file)) || undefined;

/** Finds a program on PATH. */
export const findOnPath = ({environment}: Places, name: string): string | undefined =>
  (environment.PATH ?? '')
    .split(path.delimiter)
    .map(folder => path.join(folder || '.', name))
    .find(file => existsSync(file));

/** Roots of installed Cloud SDKs: a distribution's package may keep the emulators apart from the gcloud on PATH. */
function findSdkRoots(places: Places): string[] {
  const gcloud = findOnPath(places, 'gcloud');
  const at = (folder: string) => path.join(places.root ?? '/', folder);
  return [
    places.environment.CLOUDSDK_ROOT_DIR,
    gcloud && path.dirname(path.dirname(realpathSync(gcloud))),
    at('usr/lib/google-cloud-sdk'),
    at('usr/share/google-cloud-sdk'),
    at('opt/google-cloud-sdk'),
    at('snap/google-cloud-cli/current'),
    at('snap/google-cloud-sdk/current'),
    at('opt/homebrew/share/google-cloud-sdk'),
    at('usr/local/share/google-cloud-sdk'),
    path.join(places.home, 'google-cloud-sdk'),
  ].filter(folder => folder !== undefined && folder !== '') as string[];
}

function findFirestore(places: Places, sdkRoots: readonly string[]): string[] | undefined {
  const jar = sdkRoots
    .map(root => path.join(root, 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar'))
    .find(file => existsSync(file));
  const cached = newest(cacheOf(places), /^cloud-firestore-emulator-v(.+)\.jar$/);
  // The Cloud SDK's jar names no main class, and the Firebase CLI's is the same program.
  return jar || cached ? ['-Duser.language=en', '-cp', jar ?? cached ?? '', FIRESTORE_CLASS] : undefined;
}

function findPubsub(places: Places, sdkRoots: readonly string[]): string[] | undefined {
  const cached = newest(cacheOf(places), /^pubsub-emulator-(\d.*?)(?<!\.zip)$/);
  const folders = [
    ...sdkRoots.map(root => path.join(root, 'platform/pubsub-emulator/lib')),
    ...(cached ? [path.join(cached, 'pubsub-emulator/lib'), path.join(cached, 'lib')] : []),
  ];
  const jar = folders.map(folder => newest(folder, /^cloud-pubsub-emulator-(.+)-all\.jar$/)).find(Boolean);
  return jar ? ['-jar', jar] : undefined;
}

const cacheOf = ({environment, home}: Places) =>
  environment.FIREBASE_EMULATORS_PATH ?? path.join(home, '.cache/firebase/emulators');

/** Finds the entry of a folder with the highest version in its name. */
function newest(folder: string, pattern: RegExp): string | undefined {
  const entries = existsSync(folder) ? readdirSync(folder) : [];
  const order = new Intl.Collator('en', {numeric: true});
  const [best] = entries
    .flatMap(name => (pattern.exec(name)?.[1] ? [{name, version: pattern.exec(name)?.[1] ?? ''}] : []))
    .sort((a, b) => order.compare(b.version, a.version));
  return best && path.join(folder, best.name);
}

/** Finds the newest Java of 17 or above: JAVA_HOME's, that on PATH, or an installed one. */
function findJava(places: Places): string | undefined {
  const installed = ['usr/lib/jvm', 'Library/Java/JavaVirtualMachines', 'opt/homebrew/opt'].flatMap(folder => {
    const jvms = path.join(places.root ?? '/', folder);
    return existsSync(jvms) ? readdirSync(jvms).map(name => path.join(jvms, name)) : [];
  });
  const onPath = findOnPath(places, 'java');
  const homes = [
    places.environment.JAVA_HOME,
    onPath && path.dirname(path.dirname(realpathSync(onPath))),
    ...installed.flatMap(home => [home, path.join(home, 'Contents/Home')]),
  ];
  return homes
    .flatMap(home => (home ? [{java: path.join(home, 'bin/java'), version: findJavaVersion(home)}] : []))
    .filter(({java, version}) => version >= 17 && existsSync(java))
    .sort((a, b) => b.version - a.version)[0]?.java;
}

/** A Java's major version, from the `release` file that every JDK and JRE has; 0 when it has none. */
function findJavaVersion(home: string): number {
  try {
    return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(path.join(home, 'release'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
