import {HoltError} from '../../domain/errors.ts';

/** Deeper than any notebook; what reads it later has limits of its own. */
const deepest = 200;
/** Arrays, objects and their members. A body of 20 MB could hold ten million, and reading these takes ten seconds. */
const mostParts = 1_000_000;

const [quote, backslash, openArray, closeArray, openObject, closeObject, colon] = Buffer.from('"\\[]{}:');

/**
 * Reads JSON that a stranger sent. While it is read nobody else is served, so its shape is measured first.
 *
 * Throws: `malformed-request` when it is not JSON in UTF-8, `too-large` when it is nested too deeply or has too many
 *         parts. The parser's own words quote the text, and that is the student's: they are not kept.
 */
export function readJson(body: Uint8Array, whatToDo: string): unknown {
  checkShape(body);
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(body));
  } catch {
    throw new HoltError('malformed-request', `The request is not JSON: ${whatToDo}.`);
  }
}

function checkShape(body: Uint8Array): void {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === quote) {
      at = findStringEnd(body, at);
    } else if (byte === openArray || byte === openObject) {
      depth += 1;
      parts += 1;
    } else if (byte === closeArray || byte === closeObject) {
      depth -= 1;
    } else if (byte === colon) {
      parts += 1;
    }

    if (depth > deepest || parts > mostParts) {
      throw new HoltError(
        'too-large',
        'The notebook holds too much data to be read: clear large outputs (Kernel > Restart and Clear Outputs) and submit again.',
      );
    }
  }
}

/** Where a string that begins at `start` ends. Most of a notebook is in strings, and this jumps over them. */
function findStringEnd(body: Uint8Array, start: number): number {
  let end = body.indexOf(quote as number, start + 1);
  while (end > 0) {
    let before = end - 1;
    while (body[before] === backslash) {
      before -= 1;
    }

    if ((end - before) % 2 === 1) {
      return end;
    }

    end = body.indexOf(quote as number, end + 1);
  }

  return body.length;
}
