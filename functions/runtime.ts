import {randomBytes} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import type {NewId, Now, Wait} from '../domain/ports.ts';

/** Clock and chance of a real process; tests bring their own. */

export const now: Now = () => new Date().toISOString();

export const newId: NewId = () => randomBytes(16).toString('base64url');

export const wait: Wait = async seconds => {
  // A pending wait of a stage must not keep a process from ending.
  await sleep(seconds * 1000, undefined, {ref: false});
};
