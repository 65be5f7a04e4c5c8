import {copyFile, mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {type Collection, collections} from '../domain/records.ts';
import type {Local} from '../emulator/local.ts';
import {waitUntil} from './end-to-end.ts';

/** What comes and goes by itself, and what is said of those who were refused. */
const passing: readonly string[] = ['courses', 'leases', 'refusals', 'audit'] satisfies Collection[];
/** The collections of which nothing may be left by what is refused. */
export const lasting = (Object.keys(collections) as Collection[]).filter(name => !passing.includes(name));

/**
 * Lists what a local stack keeps on either engine, while it runs: each record whole, each object by its name.
 *
 * Rule: nothing is asked of Holt itself, which would tell what it knows, and not what is there.
 */
export async function listKept(local: Local): Promise<string[]> {
  const records = await Promise.all(lasting.map(async name => tag(name, await readRecords(local, name))));
  return [...records.flat(), ...tag('object', await listObjects(local))].toSorted();
}

const tag = (name: string, lines: readonly string[]): string[] => lines.map(line => `${name} ${line}`);

/** Waits until no work waits or is done, and answers what is kept then. */
export async function listKeptAtRest(local: Local): Promise<string[]> {
  await waitUntil('all work to be done', async () => (await readRecords(local, 'queue')).length === 0);
  return listKept(local);
}

/** Reads the records of a collection as text. */
export const readRecords = ({stack: {places}, logFile}: Local, name: Collection): Promise<string[]> =>
  places ? readFromEmulator(places, name) : readFromCopy(storeOf(logFile), name);

const storeOf = (logFile: string): string => path.join(path.dirname(logFile), 'store');

/** The engine has its database alone: what is read is a copy of it and of its log, as a crash would leave them. */
async function readFromCopy(store: string, name: Collection): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-kept-'));
  try {
    for (const file of ['holt.sqlite', 'holt.sqlite-wal']) {
      await copyFile(path.join(store, file), path.join(folder, file));
    }

    const database = new DatabaseSync(path.join(folder, 'holt.sqlite'));
    const rows = database.prepare(`SELECT data FROM ${name}`).all();
    database.close();
    return rows.map(({data}) => String(data));
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

type Places = NonNullable<Local['stack']['places']>;

async function readFromEmulator({projectId, prefix, firestore}: Places, name: Collection): Promise<string[]> {
  const url = `${firestore}/v1/projects/${projectId}/databases/(default)/documents/${prefix}${name}?pageSize=300`;
  return (await listAll(url)).flatMap(({documents = []}) => documents.map(one => JSON.stringify(one)));
}

async function listObjects({stack: {places}, logFile}: Local): Promise<string[]> {
  if (!places) {
    const store = storeOf(logFile);
    const files = await readdir(store, {recursive: true, withFileTypes: true});
    return files
      .filter(file => file.isFile() && !file.name.startsWith('holt.sqlite'))
      .map(({parentPath, name}) => path.relative(store, path.join(parentPath, name)));
  }

  const {storage, buckets} = places;
  const pages = await Promise.all(buckets.map(name => listAll(`${storage}/storage/v1/b/${name}/o?maxResults=300`)));
  return pages.flat().flatMap(({items = []}) => items.map(({name}) => name));
}

type Page = {documents?: object[]; items?: {name: string}[]; nextPageToken?: string};

async function listAll(url: string): Promise<Page[]> {
  const pages: Page[] = [];
  for (let token: string | undefined = ''; token !== undefined; token = pages.at(-1)?.nextPageToken) {
    const headers = {Authorization: 'Bearer owner'};
    const answer = await fetch(`${url}&pageToken=${encodeURIComponent(token)}`, {headers});
    if (!answer.ok) {
      throw new Error(`${url} was answered ${answer.status}: ${await answer.text()}`);
    }

    pages.push((await answer.json()) as Page);
  }

  return pages;
}

/** Finds the lines that came or went. */
export const findChanges = (before: readonly string[], after: readonly string[]): string[] => [
  ...after.filter(line => !before.includes(line)).map(line => `came: ${line}`),
  ...before.filter(line => !after.includes(line)).map(line => `went: ${line}`),
];

/** Counts the lines of a stack's log that have these words. */
export async function countLines({logFile}: Local, words: string): Promise<number> {
  return (await readFile(logFile, 'utf8')).split(words).length - 1;
}
