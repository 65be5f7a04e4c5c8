import {randomUUID} from 'node:crypto';
import {makeSendScore} from '../adapters/lti/replace-result.ts';
import type {SendScore} from '../domain/ports.ts';

/** Opens an LMS as the passback function does, with its key and secret. */
export const openLms = (consumer: {consumerKey: string; consumerSecret: string}): SendScore =>
  makeSendScore({
    ...consumer,
    newId: () => randomUUID().replaceAll('-', ''),
    now: () => new Date().toISOString(),
  });
