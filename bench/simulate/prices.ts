import type {Outcome} from './meter.ts';
import type {StageUse} from './stages.ts';

/**
 * US dollars, as published for us-central1, without free tiers and discounts. Jobs: https://cloud.google.com/run/pricing,
 * at least a minute for each task; Firestore in one region (a multi-region costs twice that):
 * https://cloud.google.com/firestore/pricing; https://cloud.google.com/pubsub/pricing and /storage/pricing.
 */
export const prices = {
  job: {vcpuSecond: 0.000018, gibSecond: 0.000002},
  service: {vcpuSecond: 0.000024, gibSecond: 0.0000025, request: 0.4 / 1e6},
  firestore: {read: 0.03 / 1e5, write: 0.09 / 1e5, delete: 0.01 / 1e5},
  messageByte: 40 / 2 ** 40,
  storage: {write: 5 / 1e6, read: 0.4 / 1e6},
} as const;

/** The grading job's size. */
export const JOB = {vcpus: 1, gib: 2} as const;

/** What one request of a function takes, all instances having one vCPU: assumed, and nothing shared, so at most. */
const stages: Record<string, {seconds: number; gib: number}> = {
  exchange: {seconds: 0.25, gib: 2},
  record: {seconds: 0.25, gib: 1},
  passback: {seconds: 0.5, gib: 0.5},
  audit: {seconds: 0.1, gib: 0.5},
};
const DISPATCH_GIB = 2;

/** Pub/Sub bills at least so much for each publish and each push; an event has both. */
const MESSAGE_BYTES = 2 * 1000;
/** Notebook and result; then notebook, archive, index and result. Manifests are counted. */
const OBJECTS = {written: 2, read: 4} as const;

export type Cost = {grader: number; functions: number; records: number; rest: number; all: number};

/** What a thousand submissions cost. */
export function computeCost(outcome: Outcome, use: StageUse): Cost {
  const {job, service, firestore, storage} = prices;
  const {submissions, entries, taskSeconds, instanceSeconds, invocations, operations, objectWrites, objectReads} =
    outcome;
  const grader = (taskSeconds / entries) * (JOB.vcpus * job.vcpuSecond + JOB.gib * job.gibSecond);
  const instanceSecond = (gib: number) => service.vcpuSecond + gib * service.gibSecond;
  const used = Object.entries(use);
  const functions =
    (instanceSeconds / submissions) * instanceSecond(DISPATCH_GIB) +
    (invocations / submissions) * service.request +
    sum(used, ([stage, {calls}]) => {
      const {seconds, gib} = stages[stage] ?? {seconds: 0, gib: 0};
      return calls * (seconds * instanceSecond(gib) + service.request);
    });
  const operation = (name: 'reads' | 'writes' | 'deletes') =>
    operations[name] / submissions + sum(used, ([, each]) => each[name]);
  const records =
    operation('reads') * firestore.read +
    operation('writes') * firestore.write +
    operation('deletes') * firestore.delete;
  const messages = invocations / submissions + sum(used, ([stage, {calls}]) => (stage === 'exchange' ? 0 : calls));
  const rest =
    messages * MESSAGE_BYTES * prices.messageByte +
    (objectWrites / submissions + OBJECTS.written) * storage.write +
    (objectReads / submissions + OBJECTS.read) * storage.read;
  const of = (each: number) => each * 1000;
  return {
    grader: of(grader),
    functions: of(functions),
    records: of(records),
    rest: of(rest),
    all: of(grader + functions + records + rest),
  };
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
