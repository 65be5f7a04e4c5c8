import {HoltError} from '../../domain/errors.ts';
import {closePassback, isPassbackDue, type Passback, type SendOutcome, settlePassback} from '../../domain/passback.ts';
import type {Transaction} from '../../domain/ports.ts';
import type {Lease} from '../../domain/queue.ts';
import {toFraction} from '../../domain/score.ts';
import {addSeconds, type Instant} from '../../domain/values.ts';
import type {Route} from './find-route.ts';
import {confirmationOf, type InFlight, keyOf, SETTLE_SECONDS, stillInFlight} from './in-flight.ts';

/** A lease outlives every HTTP timeout, so its holder has ended its send before another may take over. */
export const LEASE_SECONDS = 60;

/** The right to send one score now. */
export type Turn = {
  passback: Passback;
  fraction: number;
  /** When the lease ends. */
  until: Instant;
  /** Until when an earlier send of this same fraction may still arrive. */
  earlier: Instant | undefined;
};

export type Context = {route: Route; holder: string; now: Instant};

const leaseIdOf = (gradeId: string): string => `passback-${gradeId}`;

/** Takes the lease of a student's line item, to send the newest score; undefined when there is nothing to send now. */
export async function takeTurn(transaction: Transaction, id: string, context: Context): Promise<Turn | undefined> {
  const passback = await transaction.find('passbacks', id);
  if (passback?.state !== 'pending') {
    return undefined;
  }

  const lease = await transaction.find('leases', leaseIdOf(passback.gradeId));
  if (lease && lease.holder !== '' && lease.until > context.now) {
    // Its holder reads the newest grade once more before it releases; should it die, this passback is replayed.
    return undefined;
  }

  const newest = await findNewest(transaction, passback.gradeId);
  const inFlight = stillInFlight(lease, context.now);
  if (newest && newest.id !== passback.id) {
    transaction.put('passbacks', supersede(passback, newest, context.now));
  }

  return goOn(transaction, newest ?? passback, {lease, inFlight, ...context});
}

/** Writes down how a send ended, and either goes on with a newer score or releases the lease. */
export async function endTurn(
  transaction: Transaction,
  {passback: {id, gradeId}, fraction, earlier}: Turn,
  outcome: SendOutcome,
  context: Context,
): Promise<Turn | undefined> {
  const {holder, now} = context;
  const lease = await transaction.find('leases', leaseIdOf(gradeId));
  const passback = await transaction.find('passbacks', id);
  const newest = await findNewest(transaction, gradeId);
  const inFlight = stillInFlight(lease, now);
  const key = keyOf(fraction);

  if (lease?.holder !== holder) {
    // Another took over, and nobody knows whose score the LMS took last: the newest is sent again when all is quiet.
    const quietAt = addSeconds(now, SETTLE_SECONDS);
    putLease(transaction, gradeId, {lease, now, cursor: {...inFlight, [key]: quietAt}});
    if (newest?.state === 'sent' && newest.id !== id) {
      const message = 'Sent again, because an older score may have reached the LMS later.';
      transaction.put('passbacks', {...newest, state: 'pending', nextAttemptAt: quietAt, settledAt: null, message});
    }

    return undefined;
  }

  const left: InFlight = {...inFlight};
  const lasting = outcome.outcome === 'unknown' ? addSeconds(now, SETTLE_SECONDS) : earlier;
  delete left[key];
  if (lasting && lasting > now) {
    left[key] = lasting;
  }

  const isNewest = !newest || newest.id === id;
  if (passback?.state === 'pending') {
    const settled = settlePassback(passback, outcome, {
      now,
      confirmAt: isNewest ? confirmationOf(left, key) : undefined,
    });
    transaction.put('passbacks', isNewest || settled.state === 'sent' ? settled : supersede(settled, newest, now));
  }

  return isNewest
    ? release(transaction, gradeId, {lease, inFlight: left, now})
    : goOn(transaction, newest, {lease, inFlight: left, ...context});
}

/** The passback of the grade that counts now. */
async function findNewest(transaction: Transaction, gradeId: string): Promise<Passback | undefined> {
  const grade = await transaction.find('grades', gradeId);
  return grade ? transaction.find('passbacks', `${grade.id}-${grade.revision}`) : undefined;
}

type Held = {lease: Lease | undefined; inFlight: InFlight; now: Instant};

/** Takes or keeps the lease for this passback if it is to be sent now; if not, writes why and releases. */
function goOn(transaction: Transaction, passback: Passback, held: Held & Context): Turn | undefined {
  const {route, holder, now, lease, inFlight} = held;
  if (!isPassbackDue(passback, now)) {
    return release(transaction, passback.gradeId, held);
  }

  const ready = prepare(passback, route, now);
  if (ready.kind === 'settled') {
    transaction.put('passbacks', ready.passback);
    return release(transaction, passback.gradeId, held);
  }

  const {fraction} = ready;
  const key = keyOf(fraction);
  const until = addSeconds(now, LEASE_SECONDS);
  // Noted before it is sent: should this process end meanwhile, the next holder knows what may still arrive.
  const cursor = {...inFlight, [key]: addSeconds(now, SETTLE_SECONDS)};
  putLease(transaction, passback.gradeId, {lease, now, cursor, holder, until});
  return {passback, fraction, until, earlier: inFlight[key]};
}

type Ready = {kind: 'open'; fraction: number} | {kind: 'settled'; passback: Passback};

function prepare(passback: Passback, route: Route, now: Instant): Ready {
  if (route.kind === 'off') {
    return {kind: 'settled', passback: closePassback(passback, 'off', now, route.message)};
  }

  if (route.kind === 'unknown') {
    const outcome = {outcome: 'unavailable', message: route.message} as const;
    return {kind: 'settled', passback: settlePassback(passback, outcome, {now})};
  }

  try {
    return {kind: 'open', fraction: toFraction(passback.score)};
  } catch (error) {
    if (!(error instanceof HoltError)) {
      throw error;
    }

    return {kind: 'settled', passback: closePassback(passback, 'failed', now, error.message)};
  }
}

const supersede = (passback: Passback, {revision}: Passback, now: Instant): Passback =>
  closePassback(passback, 'superseded', now, `A newer score counts (revision ${revision}).`);

/** Gives the lease back. Its record stays only while something it remembers may still arrive. */
function release(transaction: Transaction, gradeId: string, {lease, inFlight, now}: Held): undefined {
  if (lease && Object.keys(inFlight).length === 0) {
    transaction.remove('leases', lease.id);
  } else if (lease) {
    putLease(transaction, gradeId, {lease, now, cursor: inFlight, holder: '', until: now});
  }
}

type LeaseChange = {lease: Lease | undefined; now: Instant; cursor: InFlight; holder?: string; until?: Instant};

const putLease = (transaction: Transaction, gradeId: string, {lease, now, ...change}: LeaseChange): void => {
  const fresh = {id: leaseIdOf(gradeId), holder: '', until: now, lastRunAt: null, createdAt: now};
  transaction.put('leases', {...fresh, ...lease, ...change});
};
