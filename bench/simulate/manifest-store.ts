import type {ObjectName} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';

type Needs = (milliseconds: number) => Promise<void>;
type Times = {writeObject: number; sign: number};
type Count = (what: 'objectWrites' | 'signatures') => void;

/** Makes the bucket that dispatch writes manifests to. What was read once is not needed again. */
export function makeManifestStore(sleep: Needs, times: Times, count: Count) {
  const content = new Map<string, Uint8Array>();
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
  const readObject = (url: string): unknown => {
    const bytes = content.get(url);
    content.delete(url);
    return JSON.parse(new TextDecoder().decode(bytes));
  };
  return {objects, readObject};
}
