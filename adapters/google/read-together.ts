import type {DocumentReference, DocumentSnapshot, Transaction} from '@google-cloud/firestore';

/**
 * Makes a transaction's reads go together: those asked for at once are one request. Apart, the first would open the
 * transaction and the others wait for it.
 */
export function makeReader(native: Transaction): (document: DocumentReference) => Promise<DocumentSnapshot> {
  let documents: DocumentReference[] = [];
  let answer: Promise<DocumentSnapshot[]> | undefined;
  return async document => {
    const place = documents.push(document) - 1;
    answer ??= Promise.resolve().then(() => {
      const asked = documents;
      documents = [];
      answer = undefined;
      return native.getAll(...asked);
    });
    const found = await answer;
    return found[place] as DocumentSnapshot;
  };
}
