/** A question of the demo: a variable, its value, and a value that passes the public case only. */
const questions = [
  {name: 'q1', variable: 'answer', value: '42', wrong: '41'},
  {name: 'q2', variable: 'primes', value: '[2, 3, 5]', wrong: '[2, 3]'},
  {name: 'q3', variable: 'word', value: '"otter"', wrong: '"oter"'},
] as const;

type Cell = {cell_type: 'raw' | 'code' | 'markdown'; source: string};

const raw = (source: string): Cell => ({cell_type: 'raw', source});
const code = (source: string): Cell => ({cell_type: 'code', source});

/** Makes a notebook of cells. */
export const makeCells = (cells: readonly Cell[], metadata: object = {kernelspec}): Buffer =>
  Buffer.from(
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata,
      cells: cells.map((cell, index) => ({
        id: `cell-${index}`,
        metadata: {},
        ...cell,
        ...(cell.cell_type === 'code' ? {execution_count: null, outputs: []} : {}),
      })),
    }),
  );

const kernelspec = {display_name: 'Python 3', language: 'python', name: 'python3'};

/** What an author writes: three questions of a point each, one public and one hidden case. */
export const makeMaster = ({config = '', solution = {} as Record<string, string>, first = [] as Cell[]} = {}): Buffer =>
  makeCells([
    raw(`# ASSIGNMENT CONFIG\ninit_cell: true\nexport_cell: false\ngenerate: true\n${config}`),
    ...first,
    ...questions.flatMap(({name, variable, value}) => [
      raw(`# BEGIN QUESTION\nname: ${name}\npoints: 1`),
      {cell_type: 'markdown' as const, source: `What is \`${variable}\`?`},
      raw('# BEGIN SOLUTION'),
      code(`${variable} = ${solution[name] ?? value} # SOLUTION`),
      raw('# END SOLUTION'),
      raw('# BEGIN TESTS'),
      code(`assert ${variable} is not ...`),
      code(`# HIDDEN\nassert ${variable} == ${value}`),
      raw('# END TESTS'),
      raw('# END QUESTION'),
    ]),
  ]);

/** Fills in the students' notebook: the right answer to each question that is named, a wrong one to the others. */
export function answerNotebook(student: Buffer, right: readonly string[], before = ''): Buffer {
  const notebook = JSON.parse(student.toString('utf8'));
  for (const cell of notebook.cells) {
    const source = [cell.source].flat().join('');
    const question = questions.find(({variable}) => source.trim() === `${variable} = ...`);
    if (question) {
      const {name, variable, value, wrong} = question;
      cell.source = `${name === 'q1' ? before : ''}${variable} = ${right.includes(name) ? value : wrong}`;
    }
  }

  return Buffer.from(JSON.stringify(notebook));
}
