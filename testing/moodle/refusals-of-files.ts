import {existing, file, form, free, master, named, part, places, type Refused, rows} from './refusal-row.ts';

/** Lists files that are no notebooks, by their names or by what is in them. */
export function refuseFiles(): Refused[] {
  const names = ['demo.IPYNB', 'demo.py', 'demo', '', 'demo.ipynb.exe', '.ipynb/x'].map((name): Refused => {
    const said = name.split('/').at(-1);
    const says = {detail: `The file ${said} is not a .ipynb file.`};
    return {what: 'a file’s name', method: 'POST', path: free, sending: {file: {...file, name}}, status: 400, says};
  });
  const odd = ['a\\"b.ipynb', `${'ä'.repeat(150)}.ipynb`, 'a\u0007b.ipynb'].map((name): Refused => {
    const says = /^\{"detail":"Failed to create assignment: Give the file a short/;
    return {what: 'a file’s name', method: 'POST', path: free, sending: {file: {...file, name}}, status: 400, says};
  });
  const contents: Record<string, string> = {
    nothing: '',
    junk: 'junk',
    'a list': '[]',
    null: 'null',
    'what is not UTF-8': '\u00ff',
    'a notebook without a format': '{"cells":[]}',
    'a notebook whose cell is a number': '{"nbformat":4,"metadata":{},"cells":[1]}',
    'a notebook whose cells are text': '{"nbformat":4,"metadata":{},"cells":"[]"}',
    'half a notebook': master.toString('latin1').slice(0, 1000),
    'a program': '#!/bin/sh\ntouch PWNED\n',
    'an archive': 'PK\u0003\u0004',
  };
  const notebooks = Object.entries(contents).map(([what, content]) => {
    return [what, {file: {name: 'demo.ipynb', content: Buffer.from(content, 'latin1')}}] as const;
  });
  const twice = form(`${part(named, master.toString('utf8'))}${part(named, 'junk')}--b--\r\n`);
  const sent = Object.fromEntries([...notebooks, ['a second file of the same name', twice]]);
  const deep = {file: {name: 'demo.ipynb', content: Buffer.from('['.repeat(100_000))}};
  return [
    ...names,
    ...odd,
    ...rows(free, sent, 400, /^\{"detail":"Failed to create assignment: .+\."\}$/),
    ...rows(`${existing}/alice`, sent, 400, /^\{"detail":"Failed to grade assignment: .+\."\}$/),
    ...places.flatMap(path => rows(path, {'a hundred thousand lists': deep}, 413, /holds too much data/)),
  ];
}

/** Lists what is wrong only as things are. */
export function refuseByState(): Refused[] {
  const gone = "Activity 12/99 doesn't exist.";
  const never = 'The assignment you tried to delete does not exist.';
  return [
    ...rows(existing, {'an activity again': {file: {...file, content: Buffer.from(`${master} `)}}}, 400, {
      detail: 'Activity 12/34 already exists.',
    }),
    ...rows('/0012/+34', {'an activity again by other digits': {file}}, 400, {
      detail: 'Activity 12/34 already exists.',
    }),
    ...rows(`${free}/alice`, {'a notebook for no activity': {file}}, 400, {detail: gone}),
    ...rows(`${free}/x%24(touch%20PWNED)`, {'a hostile student of no activity': {file}}, 400, {detail: gone}),
    {
      what: 'an activity that is not there',
      method: 'DELETE',
      path: free,
      sending: {},
      status: 400,
      says: {detail: never},
    },
  ];
}
