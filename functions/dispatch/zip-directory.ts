/** One line of an archive's table of contents. `mode` is the file type's bits of Unix, 0 when unknown. */
export type ZipEntry = {name: string; mode: number; unpackedBytes: number};

const END = [0x50, 0x4b, 5, 6];
const END_BYTES = 22;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const MADE_BY_UNIX = 3;

/**
 * Reads the table of contents of a zip, without building anything larger than `maxEntries` lines.
 *
 * A reader of whole archives makes an object for each entry before anything can be counted; this is asked first.
 *
 * Shape:  undefined when this is no zip (or one in ZIP64, which nothing below 4 GB needs); at most `maxEntries + 1` lines.
 * Source: PKWARE APPNOTE 6.3, sections 4.3.12 and 4.3.16.
 */
export function readZipDirectory(bytes: Uint8Array, maxEntries: number): ZipEntry[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(bytes);
  if (end === undefined) {
    return undefined;
  }

  const count = view.getUint16(end + 10, true);
  // Where the table begins is reckoned from its end, as Python's zipfile and jszip do.
  let at = end - view.getUint32(end + 12, true);
  const entries: ZipEntry[] = [];
  while (at >= 0 && at + ENTRY_BYTES <= end && view.getUint32(at, true) === ENTRY_SIGNATURE) {
    const nameBytes = view.getUint16(at + 28, true);
    const more = view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    const madeBy = view.getUint8(at + 5);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes)),
      mode: madeBy === MADE_BY_UNIX ? view.getUint16(at + 40, true) & 0o170000 : 0,
      unpackedBytes: view.getUint32(at + 24, true),
    });
    if (entries.length > maxEntries) {
      return entries;
    }

    at += ENTRY_BYTES + nameBytes + more;
  }

  return entries.length === count && at === end ? entries : undefined;
}

function findEnd(bytes: Uint8Array): number | undefined {
  // A comment of at most 65535 bytes may follow.
  for (let at = bytes.length - END_BYTES; at >= Math.max(0, bytes.length - END_BYTES - 0xffff); at--) {
    if (END.every((byte, offset) => bytes[at + offset] === byte)) {
      return at;
    }
  }

  return undefined;
}
