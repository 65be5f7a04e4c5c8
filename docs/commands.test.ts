import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {promisify} from 'node:util';
import test from 'ava';

const documented = readFileSync('docs/commands.md', 'utf8');
const tell = async (...command: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, ['cli/holt.ts', ...command, '--help'])).stdout;

/** The command lines of the document, whole, without their comments. */
const lines = documented
  .replaceAll(/ \\\n\s*/g, ' ')
  .split('\n')
  .flatMap(line => /^npm run holt -- ([^#]*)/.exec(line)?.[1]?.trim() ?? []);

test('every command line of the document is one that the program knows, with its options', async t => {
  t.true(lines.length > 10);
  for (const line of lines) {
    const [command = '', ...words] = line.split(/\s+/);
    const help = await (command === 'environments' ? tell(command, words[0] ?? '') : tell(command));
    t.regex(help, new RegExp(`^Usage: holt ${command}`), line);
    for (const option of words.filter(word => word.startsWith('-'))) {
      t.regex(help, new RegExp(`(^|[\\s,])${option}\\b`), line);
    }
  }
});

test('every check of the doctor is in its table, and no other', async t => {
  const sources = ['address', 'courses', 'hub', 'lms', 'machines', 'platform', 'settings'];
  const code = sources.map(name => readFileSync(`cli/doctor/check-${name}.ts`, 'utf8')).join('\n');
  const checks = new Set([...code.matchAll(/\babout\('(\w+)'\)/g)].map(([, name]) => name));
  const rows = new Set([...documented.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name));
  t.deepEqual([...rows].sort(), [...checks].sort());
});
