import {readFile} from 'node:fs/promises';
import {text} from 'node:stream/consumers';

/** Reads a secret from a file, or from standard input for `-`: a command line is seen by everybody on a machine. */
export async function readSecret(file: string, setting: string): Promise<string> {
  const reading = file === '-' ? text(process.stdin) : readFile(file, 'utf8');
  const content = await reading.catch(error => {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): give the file of the secret.`);
  });
  const secret = content.trim();
  if (secret === '') {
    throw new Error(`${file} is empty: put the secret there that Holt has as ${setting}.`);
  }

  return secret;
}
