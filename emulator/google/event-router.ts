import {createServer, type IncomingMessage} from 'node:http';
import {z} from 'zod';
import {eventTypes} from '../../domain/events.ts';
import type {Log} from '../../domain/ports.ts';
import {listen, readAll} from '../local-server.ts';
import {makeDelivery} from './deliver.ts';

/** Functions that events are delivered to. */
export type EventStage = 'dispatch' | 'record' | 'passback' | 'audit' | 'sweep';
export type FunctionUrls = Partial<Record<EventStage, string>>;

/** An event on its way: CloudEvents 1.0 in binary mode. */
export type RoutedEvent = {
  id: string;
  type: string;
  source: string;
  subject?: string;
  contentType: string;
  body: Buffer;
};

type Settings = {
  projectId: string;
  /** Bucket whose finished objects concern `record`. */
  resultsBucket: string;
  log: Log;
  /** For how long a Firestore event is tried again. Pub/Sub tries its own messages again by itself. */
  retrySeconds?: number;
  firstRetryMs?: number;
};

const MAX_EVENT_BYTES = 10 * 2 ** 20;

/** A message as the Pub/Sub emulator pushes it. */
const Push = z.object({
  subscription: z.string(),
  message: z.object({
    messageId: z.string(),
    publishTime: z.string().optional(),
    data: z.string().optional(),
    attributes: z.record(z.string(), z.string()).default({}),
  }),
});

/**
 * Stands where Eventarc stands: takes events as the emulators send them and hands them on as the platform does.
 *
 * Firestore's come at `/functions/projects/P/triggers/<stage>-<anything>`, are accepted at once and tried again here.
 * Pub/Sub's come at `/push/<stage>`, fake-gcs-server's through Pub/Sub at `/objects/<stage>`; those are answered with
 * the function's outcome, so that a refused one is delivered again.
 */
export async function startEventRouter({projectId, resultsBucket, log, ...retry}: Settings) {
  const delivery = makeDelivery({log, ...retry});

  const takeDocument = (stage: EventStage, request: IncomingMessage, body: Buffer): number => {
    const {'ce-id': id, 'ce-type': type, 'ce-source': source, 'ce-subject': subject} = request.headers;
    if (typeof id !== 'string' || typeof type !== 'string' || typeof subject !== 'string') {
      return refuse('A Firestore event without id, type or subject was dropped.', {stage});
    }

    const event = {
      id,
      type,
      // The emulator doubles the word.
      source: String(source ?? '').replace('projects/projects/', 'projects/'),
      subject,
      contentType: 'application/protobuf',
      // It also sends the bytes as base64 text.
      body: Buffer.from(body.toString('latin1'), 'base64'),
    };
    void delivery.deliverUntilTaken(stage, event);
    return 204;
  };

  const takeMessage = async (stage: EventStage, body: Buffer): Promise<number> => {
    const push = parsePush(body);
    return push ? delivery.deliver(stage, messageEvent(push, projectId, stage)) : refusePush(stage);
  };

  const takeObject = async (stage: EventStage, body: Buffer): Promise<number> => {
    const push = parsePush(body);
    const {bucketId, eventType, objectId} = push?.message.attributes ?? {};
    if (!push || !bucketId || !objectId) {
      return refusePush(stage);
    }

    // Only finished objects of this bucket are wanted; acknowledging the rest ends them.
    if (bucketId !== resultsBucket || eventType !== 'OBJECT_FINALIZE') {
      return 204;
    }

    return delivery.deliver(stage, {
      id: push.message.messageId,
      type: eventTypes.objectFinalized,
      source: `//storage.googleapis.com/projects/_/buckets/${bucketId}`,
      subject: `objects/${objectId}`,
      contentType: 'application/json',
      body: Buffer.from(push.message.data ?? '', 'base64'),
    });
  };

  const refuse = (message: string, fields: object) => {
    log('ERROR', message, {...fields});
    return 400;
  };
  // What cannot be understood now never will be: acknowledged, or it would come for ever.
  const refusePush = (stage: string) => {
    log('ERROR', 'A pushed message that is not one was dropped.', {stage});
    return 204;
  };

  const route = async (request: IncomingMessage): Promise<number> => {
    const [, kind, rawStage] =
      /^\/(push|objects|functions\/projects\/[^/]+\/triggers)\/([a-z]+)/.exec(request.url ?? '') ?? [];
    if (request.method !== 'POST' || !kind || !rawStage) {
      return 404;
    }

    const body = await readAll(request, MAX_EVENT_BYTES);
    const stage = rawStage as EventStage;
    if (!body) {
      return 413;
    }

    return kind === 'push'
      ? takeMessage(stage, body)
      : kind === 'objects'
        ? takeObject(stage, body)
        : takeDocument(stage, request, body);
  };

  const server = createServer((request, response) => {
    route(request)
      .catch(error => refuse('An event could not be read.', {error: String(error)}))
      .then(status => response.writeHead(status).end());
  });
  const local = await listen(server);

  return {
    url: local.url,
    /** Tells where the functions are now; events for a function that has none wait. */
    registerFunctions: delivery.registerFunctions,
    /** Delivers an event of a Firestore listener, or of the clock. */
    deliverUntilTaken: delivery.deliverUntilTaken,
    /** Events that wait for their function. */
    countWaiting: delivery.countWaiting,
    async close() {
      delivery.close();
      await local.close();
    },
  };
}

export type EventRouter = Awaited<ReturnType<typeof startEventRouter>>;

function parsePush(body: Buffer): z.infer<typeof Push> | undefined {
  try {
    return Push.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** A Pub/Sub message in the shape that Eventarc gives it. */
export function messageEvent(push: z.infer<typeof Push>, projectId: string, topic: string): RoutedEvent {
  return {
    id: push.message.messageId,
    type: eventTypes.messagePublished,
    source: `//pubsub.googleapis.com/projects/${projectId}/topics/${topic}`,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(push)),
  };
}
