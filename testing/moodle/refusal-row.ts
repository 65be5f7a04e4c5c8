import type {Sending} from './client.ts';
import {makeMaster} from './demo.ts';

/** What is sent, and what must be answered: a whole body, or what its text is like. */
export type Refused = {
  what: string;
  method: string;
  path: string;
  sending: Sending;
  status: number;
  says: object | RegExp;
};

/** An activity that is there, and the address of one that is not. */
export const existing = '/12/34';
export const free = '/12/99';
/** Where an author's notebook goes, and a student's. */
export const places = [free, `${existing}/alice`];

export const master = makeMaster();
export const file = {name: 'demo.ipynb', content: master};

/** A part of a form, and a form of parts. */
export const named = 'Content-Disposition: form-data; name="file"; filename="demo.ipynb"';
export const part = (head: string, content = 'x') => `--b\r\n${head}\r\n\r\n${content}\r\n`;
export const form = (text: string): Sending => ({
  body: Buffer.from(text),
  contentType: 'multipart/form-data; boundary=b',
});

/** Rows for one address that are refused alike. */
export const rows = (path: string, sent: Record<string, Sending>, status: number, says: Refused['says']): Refused[] =>
  Object.entries(sent).map(([what, sending]) => ({what, method: 'POST', path, sending, status, says}));
