import {type File, Storage} from '@google-cloud/storage';
import {HoltError} from '../../domain/errors.ts';
import type {ObjectName} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';

const NOT_FOUND = 404;
const PRECONDITION_FAILED = 412;

/** Signed URLs of version 4 live at most so long. */
const MAX_SIGNED_SECONDS = 7 * 24 * 3600;

/** One request's time; the largest archive takes less. */
const TIMEOUT_MS = 120_000;

/** Connects to Cloud Storage, or to a server of its JSON API at `apiEndpoint`. */
export const connectStorage = ({projectId, apiEndpoint}: {projectId: string; apiEndpoint?: string | undefined}) =>
  new Storage({projectId, timeout: TIMEOUT_MS, ...(apiEndpoint && {apiEndpoint})});

/** Names of the two buckets, prefix included. */
type Settings = {work: string; results: string};

/**
 * Makes Cloud Storage the object store. Every write carries `ifGenerationMatch: 0`, so a name is written once.
 *
 * @example const objects = makeObjects(connectStorage({projectId: 'my-project'}), {work: 'my-work', results: 'my-results'});
 */
export function makeObjects(storage: Storage, {work, results}: Settings): Objects {
  const buckets = {work: storage.bucket(work), results: storage.bucket(results)};
  const fileOf = ({bucket, name}: ObjectName): File => buckets[bucket].file(name);
  const sign = async (object: ObjectName, seconds: number, config: object): Promise<string> => {
    const expires = Date.now() + Math.min(seconds, MAX_SIGNED_SECONDS) * 1000;
    const [url] = await fileOf(object)
      .getSignedUrl({version: 'v4', action: 'read', expires, ...config})
      .catch(rethrow);
    return url;
  };

  return {
    async write(object, content, contentType) {
      try {
        // MD5 guards the way as the default does; the client computes that one, CRC32C, in JavaScript, which takes thrice as long.
        const check = {resumable: false, validation: 'md5'} as const;
        const options = {contentType, ...check, preconditionOpts: {ifGenerationMatch: 0}};
        await fileOf(object).save(Buffer.from(content.buffer, content.byteOffset, content.byteLength), options);
        return 'written';
      } catch (error) {
        return codeOf(error) === PRECONDITION_FAILED ? 'exists' : rethrow(error);
      }
    },

    async read(object, maxBytes) {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      try {
        for await (const chunk of fileOf(object).createReadStream()) {
          bytes += chunk.length;
          if (bytes > maxBytes) {
            throw new HoltError('too-large', `The object ${object.name} has more than ${maxBytes} bytes.`);
          }

          chunks.push(chunk);
        }
      } catch (error) {
        return codeOf(error) === NOT_FOUND ? undefined : rethrow(error);
      }

      return Buffer.concat(chunks, bytes);
    },

    async exists(object) {
      const [exists] = await fileOf(object).exists().catch(rethrow);
      return exists;
    },

    async remove(object) {
      await fileOf(object).delete({ignoreNotFound: true}).catch(rethrow);
    },

    async copy(from, to) {
      try {
        await fileOf(from).copy(fileOf(to), {preconditionOpts: {ifGenerationMatch: 0}});
        return 'written';
      } catch (error) {
        if (codeOf(error) === NOT_FOUND) {
          throw new HoltError('not-found', `There is no object ${from.name} to copy.`, {cause: error});
        }

        return codeOf(error) === PRECONDITION_FAILED ? 'exists' : rethrow(error);
      }
    },

    signGet: (object, seconds) => sign(object, seconds, {action: 'read'}),

    async signPut(object, seconds, maxBytes) {
      const extensionHeaders = {
        'x-goog-if-generation-match': '0',
        'x-goog-content-length-range': `0,${maxBytes}`,
      };
      const contentType = 'application/json';
      const url = await sign(object, seconds, {action: 'write', contentType, extensionHeaders});
      return {url, headers: {'content-type': contentType, ...extensionHeaders}};
    },
  };
}

const codeOf = (error: unknown): number => Number((error as {code?: unknown}).code);

/** Names what Cloud Storage could not do. A refusal that no wait will mend stays as it is. */
function rethrow(error: unknown): never {
  const code = codeOf(error);
  const isRefusal = code >= 400 && code < 500 && code !== 408 && code !== 429;
  if (error instanceof HoltError || isRefusal) {
    throw error;
  }

  throw new HoltError('storage-unavailable', 'Cloud Storage cannot be reached now: try again in a minute.', {
    cause: error,
  });
}
