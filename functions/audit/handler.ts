import type {AuditEntry} from '../../domain/audit.ts';
import {type AuditedRecord, describeRecord} from '../../domain/audit-entries.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {documentOf, isWatched, type StageEvent} from '../../domain/events.ts';
import type {Find, Log, Now, Transact} from '../../domain/ports.ts';

export type AuditNeeds = {
  find: Find;
  transact: Transact;
  now: Now;
  log: Log;
  prefix: string;
  /** Whether the platform exports the entries from the log to where nobody can change them. */
  isExported?: boolean;
};

/**
 * recorded -> audited. Makes one entry for each record of the watched collections, and one for each final state of a
 * passback. The entry's id comes from what it is about, so a repeated event makes no second entry.
 */
export function makeAudit({find, transact, now, log, prefix, isExported = false}: AuditNeeds) {
  const severity = isExported ? 'NOTICE' : 'DEBUG';

  return async (event: StageEvent): Promise<void> => {
    const document = documentOf(event, prefix);
    if (!document || !isWatched(document.collection)) {
      return log('WARNING', 'dropped: the event names no watched record', {event: event.id});
    }

    const {collection, id} = document;
    const record = await find(collection, id);
    if (!record) {
      return log('WARNING', 'dropped: the record is gone', {collection, id});
    }

    const entries = await Promise.all(
      describeRecord({collection, record} as AuditedRecord).map(
        async ({key, entry}): Promise<AuditEntry> => ({
          ...entry,
          id: await makeDocumentId('audit', ...key),
          collection,
          recordId: id,
          createdAt: now(),
        }),
      ),
    );
    // Told before it is written, because a process may end in between: the exported log has each entry at least once.
    for (const entry of entries) {
      log(severity, 'audited', {entry: withoutWords(entry)});
    }

    // Mostly none is there yet: then no read is needed.
    await createAll(entries).catch(error => {
      if (error instanceof HoltError && error.code === 'conflict') {
        return createMissing(entries);
      }

      throw error;
    });
  };

  function createAll(entries: AuditEntry[]): Promise<void> {
    return transact(async transaction => {
      for (const entry of entries) {
        transaction.create('audit', entry);
      }
    });
  }

  function createMissing(entries: AuditEntry[]): Promise<void> {
    return transact(async transaction => {
      const known = await Promise.all(entries.map(entry => transaction.find('audit', entry.id)));
      const missing = entries.filter((_, index) => !known[index]);
      for (const entry of missing) {
        transaction.create('audit', entry);
      }
    });
  }
}

/** The LMS's words about a success repeat the student's name, which a log must not. */
function withoutWords(entry: AuditEntry): AuditEntry {
  const {message: _, ...details} = entry.details;
  return entry.what === 'passback sent' ? {...entry, details} : entry;
}
