import type {Jobs, Log, NewId, Now, Objects, Records, Replay, Wake} from '../../domain/ports.ts';
import {makeGiveUp, makeRemoveExpired, makeReplayPassbacks} from './chores.ts';
import {makeFreeClaims} from './free-claims.ts';
import {makeSweep} from './handler.ts';
import {makeReplayAudit} from './replay-audit.ts';
import {makeTellOldest} from './tell-oldest.ts';

export type SweepPorts = Records & {
  objects: Objects;
  jobs: Jobs;
  wake: Wake;
  replay: Replay;
  now: Now;
  newId: NewId;
  log: Log;
  /** Whether the platform removes by itself what has expired: it is not looked for then. */
  expiresByItself: boolean;
};

/** Puts the sweep together. */
export function composeSweep(ports: SweepPorts) {
  const {objects, jobs} = ports;
  return makeSweep({
    ...ports,
    freeClaims: makeFreeClaims({...ports, objectExists: objects.exists, findExecution: jobs.findState}),
    replayAudit: makeReplayAudit(ports),
    chores: {
      'given up': makeGiveUp(ports),
      passbacks: makeReplayPassbacks(ports),
      'oldest entry': makeTellOldest(ports),
      ...(!ports.expiresByItself && {expired: makeRemoveExpired({...ports, removeObject: objects.remove})}),
    },
  });
}
