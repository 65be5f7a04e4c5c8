import {HoltError} from '../../domain/errors.ts';
import {Manifest, ManifestIndex} from '../../domain/manifest.ts';
import type {ObjectName} from '../../domain/object-names.ts';
import type {JobRequest, Jobs, Objects} from '../../domain/ports.ts';

type Pause = () => Promise<void>;
/** An execution as the platform knows it, with what its tasks would find. */
export type Execution = {
  name: string;
  request: JobRequest;
  /** Every list that its tasks have had. */
  tasks: Manifest[];
  /** Where tasks that have graded their list look for another. */
  looking?: NonNullable<Manifest['next']>[];
  state: Awaited<ReturnType<Jobs['findState']>>;
};

/** Makes an object store of a Map. Its signed URLs say what they were signed for. */
export function makeMemoryObjects(pause: Pause) {
  const content = new Map<string, Uint8Array>();
  const keyOf = ({bucket, name}: ObjectName) => `${bucket}/${name}`;
  const urlOf = (object: ObjectName, seconds: number) => `https://store.example/${keyOf(object)}?seconds=${seconds}`;
  const readUrl = (url: string) => {
    const bytes = content.get(new URL(url).pathname.slice(1));
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  };
  const objects: Objects = {
    async write(object, bytes) {
      await pause();
      if (content.has(keyOf(object))) {
        return 'exists';
      }

      content.set(keyOf(object), bytes);
      return 'written';
    },
    async read(object, maxBytes) {
      await pause();
      const bytes = content.get(keyOf(object));
      if (bytes && bytes.byteLength > maxBytes) {
        throw new HoltError('too-large', 'The object is too large.');
      }

      return bytes;
    },
    async exists(object) {
      await pause();
      return content.has(keyOf(object));
    },
    async remove(object) {
      content.delete(keyOf(object));
    },
    async copy(from, to) {
      return objects.write(to, content.get(keyOf(from)) ?? new Uint8Array(), '');
    },
    signGet: async (object, seconds) => urlOf(object, seconds),
    signPut: async (object, seconds) => ({url: urlOf(object, seconds), headers: {}}),
  };
  return {objects, content, readUrl};
}

/** Makes a platform that starts nothing by itself: a test runs, ends or loses its executions, or has it refuse them. */
export function makeMemoryJobs(pause: Pause, readUrl: (url: string) => unknown) {
  const executions: Execution[] = [];
  const platform = {start: 'ok' as 'ok' | 'refused' | 'unknown' | 'unknown but started'};
  const jobs: Jobs = {
    async start(request) {
      await pause();
      if (platform.start === 'refused') {
        throw new HoltError('jobs-refused', 'No room.');
      }

      if (platform.start !== 'unknown') {
        const index = ManifestIndex.parse(readUrl(request.manifestIndexUrl));
        const tasks = index.tasks.map(url => Manifest.parse(readUrl(url)));
        executions.push({name: `execution-${executions.length + 1}`, request, tasks, state: 'running'});
      }

      if (platform.start !== 'ok') {
        throw new HoltError('jobs-unknown', 'No answer.');
      }

      await pause();
      return `execution-${executions.length}`;
    },
    async findState(name) {
      await pause();
      return executions.find(execution => execution.name === name)?.state ?? 'unknown';
    },
  };
  return {jobs, executions, platform};
}
