import test from 'ava';
import {parseMutations, readMutations} from './mutation.ts';

test('a mistake says what stands in a file and what shall', t => {
  const text =
    'About this list.\n\n# nothing is kept\nred: kept\nfile: a.tf\n-  keep = true\n-  days = 7\n+  keep = false\n';
  t.deepEqual(parseMutations(text), [
    {
      mistake: 'nothing is kept',
      red: 'kept',
      file: 'a.tf',
      search: '  keep = true\n  days = 7',
      replace: '  keep = false',
    },
  ]);
});

test('what is only taken away goes with the end of its line', t => {
  const [mutation] = parseMutations('# gone\nred: kept\nfile: a.tf\n-  keep = true\n');
  t.deepEqual([mutation?.search, mutation?.replace], ['  keep = true\n', '']);
});

test('a mistake that does not say all of it is refused by name', t => {
  for (const text of ['# half\nfile: a.tf\n-x\n', '# half\nred: kept\n-x\n', '# half\nred: kept\nfile: a.tf\n+x\n']) {
    t.throws(() => parseMutations(text), {message: /"half" must say/});
  }
});

test('no two mistakes have one name', t => {
  const names = readMutations().map(({mistake}) => mistake);
  t.true(names.length >= 25);
  t.is(new Set(names).size, names.length);
});
