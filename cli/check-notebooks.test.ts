import test from 'ava';
import {findNotebooks, listFolders, renameNotebook} from './check-notebooks.ts';

/** What is found beside an archive when these files are there. */
async function find(archivePath: string, files: string[], named: string[] = []) {
  const makeRead = (from: string[], name: string) => async (path: string) =>
    from.includes(path) ? Buffer.from(`${name}${path}`) : undefined;
  const found = await findNotebooks(
    [
      {name: 'notebooks', read: makeRead(named, 'named/'), folders: ['', 'lab01']},
      {name: 'course', read: makeRead(files, ''), folders: listFolders(archivePath, 'lab01')},
    ],
    'lab01',
  );
  const text = (content: Uint8Array | undefined) => content && Buffer.from(content).toString();
  return [text(found.solution), text(found.student)];
}

const layouts: [what: string, archive: string, files: string[], found: (string | undefined)[]][] = [
  [
    'what otter assign wrote, with the archive above it',
    'x22/lab01-autograder.zip',
    ['x22/lab01/autograder/lab01.ipynb', 'x22/lab01/student/lab01.ipynb'],
    ['x22/lab01/autograder/lab01.ipynb', 'x22/lab01/student/lab01.ipynb'],
  ],
  [
    'what otter assign wrote, with the archive in it',
    'dist/autograder/lab01-autograder.zip',
    ['dist/autograder/lab01.ipynb', 'dist/student/lab01.ipynb'],
    ['dist/autograder/lab01.ipynb', 'dist/student/lab01.ipynb'],
  ],
  [
    'what otter-service’s release validation submits',
    'zips/lab01-autograder.zip',
    ['zips/lab01-solution.ipynb', 'zips/lab01.ipynb'],
    ['zips/lab01-solution.ipynb', 'zips/lab01.ipynb'],
  ],
  [
    'an archive at the root',
    'lab01-autograder.zip',
    ['lab01-solution.ipynb', 'student/lab01.ipynb', 'lab01.ipynb'],
    ['lab01-solution.ipynb', 'student/lab01.ipynb'],
  ],
  [
    'a solution in the folder autograder, which is no student notebook',
    'autograder/lab01-autograder.zip',
    ['autograder/lab01.ipynb'],
    ['autograder/lab01.ipynb', undefined],
  ],
  ['a student notebook alone', 'zips/lab01-autograder.zip', ['zips/lab01.ipynb'], [undefined, 'zips/lab01.ipynb']],
  ['notebooks of others only', 'zips/lab01-autograder.zip', ['zips/lab02.ipynb'], [undefined, undefined]],
];

for (const [what, archive, files, found] of layouts) {
  test(`finds ${what}`, async t => {
    t.deepEqual(await find(archive, files), found);
  });
}

test('a folder that was named comes before the course', async t => {
  const found = await find('zips/lab01-autograder.zip', ['zips/lab01.ipynb'], ['lab01/lab01.ipynb']);
  t.deepEqual(found, [undefined, 'named/lab01/lab01.ipynb']);
});

test('a notebook is made to call itself by its file’s name, and nothing else of it changes', t => {
  const rename = (source: string) => {
    const cells = [
      {cell_type: 'code', source},
      {cell_type: 'markdown', source: 'lab01.ipynb'},
    ];
    const renamed = JSON.parse(new TextDecoder().decode(renameNotebook(Buffer.from(JSON.stringify({cells})))));
    t.deepEqual(renamed.cells[1], cells[1]);
    return renamed.cells[0].source;
  };
  const call = (name: string) => `grader = otter.Notebook(${name}, tests_dir="tests")`;
  t.is(rename(call('"lab01.ipynb"')), call('"submission.ipynb"'));
  t.is(rename(call("'my lab-01.ipynb'")), call("'submission.ipynb'"));
  t.is(rename(call('name')), call('name'));
});
