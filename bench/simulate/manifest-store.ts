import type {ObjectName} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';

type Needs = (milliseconds: number) => Promise<void>;
type Times = {writeObject: number; sign: number};
type Count = (what: 'objectWrites' | 'objectReads' | 'signatures') => void;

/**
 * Makes the bucket that dispatch writes manifests to, each name once, and tasks their ends. What was read once is not
 * needed again.
 */
export function makeManifestStore(sleep: Needs, times: Times, count: Count) {
  const content = new Map<string, Uint8Array>();
  const closed = new Set<string>();
  const urlOf = ({bucket, name}: ObjectName) => `https://store.example/${bucket}/${name}`;
  const sign = async (object: ObjectName) => {
    await sleep(times.sign);
    count('signatures');
    return urlOf(object);
  };
  const objects: Objects = {
    async write(object, bytes) {
      await sleep(times.writeObject);
      count('objectWrites');
      if (closed.has(urlOf(object))) {
        return 'exists';
      }

      content.set(urlOf(object), bytes);
      return 'written';
    },
    read: async () => undefined,
    exists: async () => false,
    remove: async () => {},
    copy: async () => 'written',
    signGet: sign,
    signPut: async object => ({url: await sign(object), headers: {}}),
  };
  /** What a task finds at a URL: undefined when nothing is there. */
  const readObject = (url: string): unknown => {
    count('objectReads');
    const bytes = content.get(url);
    content.delete(url);
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  };
  /** What a task says when it ends; it loses against a list that is there. */
  const close = (url: string): void => {
    count('objectWrites');
    if (!content.has(url)) {
      closed.add(url);
    }
  };
  return {objects, readObject, close};
}
