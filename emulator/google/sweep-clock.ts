import {eventTypes} from '../../domain/events.ts';
import type {EventStage, RoutedEvent} from './event-router.ts';

type Settings = {
  deliver: (stage: EventStage, event: RoutedEvent) => Promise<void>;
  projectId: string;
  sweepSeconds?: number;
};

/** Stands for Cloud Scheduler: calls the sweep at once, so that what a former life left is found, and every minute. */
export function makeSweepClock({deliver, projectId, sweepSeconds = 60}: Settings) {
  let timer: NodeJS.Timeout | undefined;
  let isSweeping = false;
  const sweep = async () => {
    // A sweep that has not ended is not joined by another.
    if (isSweeping) {
      return;
    }

    isSweeping = true;
    await deliver('sweep', {
      id: `sweep-${Date.now()}`,
      type: eventTypes.messagePublished,
      source: `//pubsub.googleapis.com/projects/${projectId}/topics/sweep`,
      contentType: 'application/json',
      body: Buffer.from(JSON.stringify({message: {attributes: {}}})),
    });
    isSweeping = false;
  };

  return {
    start() {
      if (!timer) {
        timer = setInterval(sweep, sweepSeconds * 1000);
        void sweep();
      }
    },
    close: () => clearInterval(timer),
  };
}
