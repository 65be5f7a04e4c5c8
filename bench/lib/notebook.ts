import {readFileSync} from 'node:fs';
import path from 'node:path';
import {sampleLab} from '../../emulator/options.ts';

type Cell = Record<string, unknown> & {cell_type: string};
type Notebook = {cells: Cell[]; metadata: Record<string, unknown>};

/** Reads one of the sample lab's submissions. */
export const readSubmission = (name: string): Buffer => readFileSync(path.join(sampleLab, `submissions/${name}.ipynb`));

/** The text in a notebook body that a sender overwrites, so that no two notebooks are the same. */
export const mark = 'unique-0000000000000000';

/**
 * Makes the body of otter-submit's request around a notebook of the sample lab with outputs, about so many bytes.
 *
 * Rule: tables in HTML and printed text as notebooks have them, no image: text with quotes and line ends is the slowest
 *       to parse and to write.
 */
export function makeBody(bytes: number): Buffer {
  const notebook = JSON.parse(readSubmission('solution').toString('utf8')) as Notebook;
  notebook.cells.push({cell_type: 'markdown', id: 'mark', metadata: {}, source: [mark]});
  for (let number = 0; measure(notebook) < bytes - 1500; number += 1) {
    notebook.cells.push(makeCell(number));
  }

  const rest = bytes - measure(notebook);
  notebook.cells.push({cell_type: 'raw', id: 'rest', metadata: {}, source: ['x'.repeat(Math.max(rest - 75, 0))]});
  return Buffer.from(JSON.stringify({nb: notebook}));
}

const measure = (notebook: Notebook): number => Buffer.byteLength(JSON.stringify({nb: notebook}));

function makeCell(number: number): Cell {
  const rows = Array.from(
    {length: 8},
    (_, row) =>
      `    <tr>\n      <th>${row}</th>\n      <td>"Bergen"</td>\n      <td>${row * 31 + number}.${row}</td>\n`,
  );
  return {
    cell_type: 'code',
    execution_count: number,
    id: `cell-${number}`,
    metadata: {},
    outputs: [
      {
        name: 'stdout',
        output_type: 'stream',
        text: rows.map((_, row) => `${row}  Bergen  ${row * 31 + number} mm\n`),
      },
      {
        data: {'text/html': ['<table border="1" class="dataframe">\n', ...rows, '</table>']},
        execution_count: number,
        metadata: {},
        output_type: 'execute_result',
      },
    ],
    source: [`table = weather[weather["city"] == "Bergen"].head(${number})\n`, 'print(table)\n', 'table'],
  };
}
