import {createServer as createHttpServer, type Server} from 'node:http';
import {createServer, type Http2Server, type ServerHttp2Stream} from 'node:http2';
import type {AddressInfo} from 'node:net';

/*
 * Google Cloud as a new project has it: Firestore without a document, Pub/Sub that takes every message, Cloud Storage
 * without an object. It keeps nothing, so it answers at once and its time is not the function's.
 */

type Field = {number: number; value: Buffer};

const concat = (...parts: (Buffer | string | number[])[]) =>
  Buffer.concat(parts.map(part => Buffer.from(part as never)));

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}

/** A field of protocol buffers with text, bytes or a message in it. */
function field(number: number, value: Buffer | string = ''): Buffer {
  const content = Buffer.from(value);
  return concat(varint(number * 8 + 2), varint(content.length), content);
}

/** The fields with a length, which are all that the requests here have. */
function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) {
        return value;
      }
    }
  };
  while (at < message.length) {
    const tag = next();
    const value = next();
    if (tag % 8 === 2) {
      fields.push({number: Math.floor(tag / 8), value: message.subarray(at, at + value)});
      at += value;
    }
  }

  return fields;
}

const transaction = 'transaction';
const time = () => concat([8], varint(Math.floor(Date.now() / 1000)));

/** The answers to a call: none, one or, where the method streams, several messages. */
function answer(method: string, request: Buffer): Buffer[] {
  const fields = readFields(request);
  const valuesOf = (number: number) => fields.filter(given => given.number === number).map(({value}) => value);
  switch (method) {
    case 'BatchGetDocuments': {
      const opens = valuesOf(5).length > 0;
      return valuesOf(2).map((name, index) =>
        concat(field(2, name), opens && index === 0 ? field(3, transaction) : '', field(4, time())),
      );
    }

    case 'RunQuery':
      return [concat(valuesOf(6).length > 0 ? field(2, transaction) : '', field(3, time()))];
    case 'RunAggregationQuery': {
      const zero = concat(field(1, 'aggregate_0'), field(2, concat([16, 0])));
      return [concat(field(1, field(2, zero)), field(3, time()))];
    }

    case 'BeginTransaction':
      return [field(1, transaction)];
    case 'Commit':
      return [concat(...valuesOf(2).map(() => field(1, field(1, time()))), field(2, time()))];
    case 'Publish':
      return [concat(...valuesOf(2).map((_, index) => field(1, `message-${index}`)))];
    default:
      return [Buffer.alloc(0)];
  }
}

function serveCall(stream: ServerHttp2Stream, path: string): void {
  const chunks: Buffer[] = [];
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.once('end', () => {
    stream.respond({':status': 200, 'content-type': 'application/grpc+proto'}, {waitForTrailers: true});
    stream.once('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
    for (const message of answer(path.split('/').at(-1) ?? '', Buffer.concat(chunks).subarray(5))) {
      const length = Buffer.alloc(5);
      length.writeUInt32BE(message.length, 1);
      stream.write(concat(length, message));
    }

    stream.end();
  });
}

/**
 * Starts it and answers the settings that lead there.
 *
 * @example await using cloud = await startEmptyCloud(); spawn('node', ['serve.js'], {env: {...cloud.environment}});
 */
export async function startEmptyCloud() {
  const calls = createServer();
  calls.on('stream', (stream, headers) => serveCall(stream, String(headers[':path'])));
  const objects = createHttpServer((request, response) => {
    request.resume();
    response.writeHead(404, {'Content-Type': 'application/json'});
    response.end(JSON.stringify({error: {code: 404, message: 'No such object.'}}));
  });
  const [grpc, http] = [await listen(calls), await listen(objects)];
  return {
    environment: {
      GCP_PROJECT_ID: 'holt-test',
      HOLT_BUCKET: 'holt',
      GRADER_JOB: 'projects/holt-test/locations/here/jobs/otter-grader',
      FIRESTORE_EMULATOR_HOST: grpc,
      PUBSUB_EMULATOR_HOST: grpc,
      STORAGE_ENDPOINT: `http://${http}`,
      RUN_ENDPOINT: `http://${http}`,
      METADATA_SERVER_DETECTION: 'none',
    },
    async [Symbol.asyncDispose]() {
      // Whoever is connected is about to be ended; nobody waits for them.
      calls.close();
      objects.close();
      objects.closeAllConnections();
    },
  };
}

function listen(server: Server | Http2Server): Promise<string> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      server.unref();
      resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
