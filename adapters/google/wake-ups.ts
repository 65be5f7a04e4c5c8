import {PubSub, type Topic} from '@google-cloud/pubsub';
import {HoltError} from '../../domain/errors.ts';
import type {Replay, ReplayStage, Wake} from '../../domain/ports.ts';
import {shareNext} from '../share-next.ts';

type Settings = {projectId: string; emulatorHost?: string | undefined};

/** Connects to Pub/Sub, or to its emulator at `host:port`. */
export const connectPubSub = ({projectId, emulatorHost}: Settings): PubSub =>
  new PubSub({projectId, ...(emulatorHost && {apiEndpoint: emulatorHost, emulatorMode: true})});

/** A wake-up is worth little of a student's time, who may have to wait for two: the sweep wakes dispatch too. */
const WAKE_TIMEOUT_MS = 3000;
const REPLAY_TIMEOUT_MS = 10_000;

/**
 * Makes Pub/Sub the messenger: topics `<prefix>dispatch` and `<prefix>replay-<stage>`. Messages name what they are
 * about in their attributes, as `domain/events.ts` reads them.
 *
 * Throws: `storage-unavailable` when a message was not taken in time.
 */
export function makeWakeUps(pubsub: PubSub, {prefix}: {prefix: string}): {wake: Wake; replay: Replay} {
  const topics = new Map<string, Topic>();
  const topicOf = (name: string, timeout: number) => {
    // Sent at once: the client would hold a message back for others to join it.
    const topic =
      topics.get(name) ?? pubsub.topic(`${prefix}${name}`, {batching: {maxMessages: 1}, gaxOpts: {timeout}});
    topics.set(name, topic);
    return topic;
  };
  const publish = async (topic: string, attributes: Record<string, string>, timeout: number) => {
    try {
      await topicOf(topic, timeout).publishMessage({attributes});
    } catch (cause) {
      throw new HoltError('storage-unavailable', `Pub/Sub did not take a message for ${topic}: try again.`, {cause});
    }
  };

  // Of a crowd not everybody needs a message. One without data needs an attribute.
  const wake = shareNext(() => publish('dispatch', {queue: 'changed'}, WAKE_TIMEOUT_MS));

  return {
    wake: ({course} = {}) => (course ? publish('dispatch', {course}, WAKE_TIMEOUT_MS) : wake()),
    replay: (stage, id) => publish(`replay-${stage}`, attributesOf(stage, id, prefix), REPLAY_TIMEOUT_MS),
  };
}

function attributesOf(stage: ReplayStage, id: string, prefix: string): Record<string, string> {
  if (stage === 'record') {
    return {object: id};
  }

  return {document: stage === 'passback' ? `${prefix}passbacks/${id}` : `${prefix}${id}`};
}
