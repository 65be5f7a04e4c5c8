import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {anchorsOf, blocksOf, commandsOf, linksOf, listDocuments, root} from '../testing/documents/markdown.ts';

const run = promisify(execFile);
const documents = listDocuments();

test('every link leads somewhere', t => {
  const broken = documents.flatMap(file =>
    linksOf(file)
      .filter(link => {
        const [place = '', anchor] = link.split('#');
        const target = place === '' ? file : path.posix.join(path.posix.dirname(file), decodeURIComponent(place));
        return !existsSync(path.join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
      })
      .map(link => `${file}: ${link}`),
  );
  t.deepEqual(broken, []);
  t.true(documents.flatMap(linksOf).length > 25);
});

test('every document in docs/ is led to', t => {
  const led = new Set(
    documents.flatMap(file =>
      linksOf(file).map(link => path.posix.join(path.posix.dirname(file), link.split('#')[0] ?? '')),
    ),
  );
  t.deepEqual(
    documents.filter(file => /^docs\/[^/]+\.md$/.test(file) && !led.has(file)),
    [],
  );
});

const {scripts}: {scripts: Record<string, string>} = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

test('every npm script that a document names is there', t => {
  const named = documents.flatMap(file =>
    commandsOf(file, 'npm run').map(command => ({
      file,
      name: /^npm run (?:-\S+ )*([\w-]+)/.exec(command)?.[1] ?? '',
    })),
  );
  t.deepEqual(
    named.filter(({name}) => !name.startsWith('-') && !(name in scripts)),
    [],
  );
  t.true(named.length > 10);
});

/** What a command says of itself, asked once for each. */
const helps = new Map<string, Promise<string>>();
const helpOf = (words: string[]): Promise<string> => {
  const key = words.join(' ');
  const help =
    helps.get(key) ??
    run(process.execPath, [path.join(root, 'cli/holt.ts'), ...words, '--help'], {timeout: 60_000}).then(
      ({stdout}) => stdout,
      ({stderr, stdout}) => `${stdout}${stderr}`,
    );
  helps.set(key, help);
  return help;
};

const hasCommand = (help: string, word: string) => new RegExp(`^ +${word}( |\\||$)`, 'm').test(help);

test('every holt command and option that a document names is there', async t => {
  t.timeout(120_000);
  const wrong: string[] = [];
  let seen = 0;
  for (const file of documents) {
    for (const command of [...commandsOf(file, 'npm run holt --'), ...commandsOf(file, 'npm run --silent holt --')]) {
      const words = command.replace(/^npm run (--silent )?holt -- /, '').split(/\s+/);
      const found: string[] = [];
      let help = await helpOf([]);
      for (const word of words.filter(one => /^[a-z][a-z-]*$/.test(one)).slice(0, 2)) {
        if (hasCommand(help, word) && words[found.length] === word) {
          found.push(word);
          help = await helpOf(found);
        }
      }

      const options = words.flatMap(word => /^(--?[a-z][\w-]*)/.exec(word)?.[1] ?? []);
      const missing = options.filter(option => !new RegExp(`(^|[ ,])${option}\\b`, 'm').test(help));
      seen += 1;
      if (!/^[A-Z]+$/.test(words[0] ?? '') && (found.length === 0 || missing.length > 0)) {
        wrong.push(`${file}: ${command} (${missing.join(', ') || 'no such command'})`);
      }
    }
  }

  t.deepEqual(wrong, []);
  t.true(seen > 5);
});

const blocks = documents.flatMap(blocksOf);

/** Gives a program a block to check; answers what it complains about. */
async function complain(program: string, parameters: string[], text: string): Promise<string> {
  const child = spawn(program, parameters, {stdio: ['pipe', 'ignore', 'pipe']});
  let said = '';
  child.stderr.on('data', chunk => {
    said += chunk;
  });
  child.stdin.end(text);
  const [code] = await once(child, 'close');
  return code === 0 ? '' : said || `exit ${code}`;
}

const parsers: Record<string, (text: string) => Promise<string>> = {
  sh: text => complain('sh', ['-n'], text),
  python: text => complain('python3', ['-c', 'import sys; compile(sys.stdin.read(), "block", "exec")'], text),
  json: async text => {
    try {
      JSON.parse(text);
      return '';
    } catch (error) {
      return String(error);
    }
  },
};

for (const [language, parse] of Object.entries(parsers)) {
  test(`every block of ${language} can be read as such`, async t => {
    const wrong: string[] = [];
    for (const {file, text} of blocks.filter(block => block.language === language)) {
      const problem = await parse(text);
      wrong.push(...(problem ? [`${file}: ${problem}\n${text}`] : []));
    }

    t.deepEqual(wrong, []);
    t.true(blocks.some(block => block.language === language));
  });
}

test('a broken block is complained about', async t => {
  t.not(await parsers.sh?.('if true'), '');
  t.not(await parsers.python?.('x ='), '');
  t.not(await parsers.json?.('{a: 1}'), '');
});
