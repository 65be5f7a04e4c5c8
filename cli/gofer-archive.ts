import JSZip from 'jszip';
import {checkArchive} from '../functions/dispatch/check-archive.ts';
import {CannotCheck} from './check-program.ts';
import type {ConvertedTest, NamedFile} from './gofer-tests.ts';

/**
 * Stands in for gofer's own package in the sandbox, so that `from gofer.ok import check` neither fails nor changes what
 * counts: the state at the check is what is graded, as gofer had it.
 */
const standIn = `import inspect
import os

import otter


def check(test_file_path, global_env=None):
    if global_env is None:
        global_env = inspect.currentframe().f_back.f_globals
    name = os.path.splitext(os.path.basename(test_file_path))[0]
    return otter.Notebook().check(name, global_env=global_env)
`;

/**
 * Packs converted tests as an archive in otter's form, with the assignment's own files.
 *
 * Throws: `CannotCheck` when it would be refused before it is graded with.
 */
export async function makeGoferArchive(tests: readonly ConvertedTest[], files: readonly NamedFile[]): Promise<Buffer> {
  const zip = new JSZip();
  // The same tests make the same archive, byte by byte.
  const date = new Date(0);
  zip.file('otter_config.json', '{}\n', {date, createFolders: false});
  for (const {stem, source} of tests) {
    zip.file(`tests/${stem}.py`, source, {date, createFolders: false});
  }

  for (const {name, content} of [
    {name: 'gofer/__init__.py', content: ''},
    {name: 'gofer/ok.py', content: standIn},
    ...files,
  ]) {
    zip.file(`files/${name}`, content, {date, createFolders: false});
  }

  const archive = await zip.generateAsync({type: 'nodebuffer', compression: 'DEFLATE'});
  const checked = await checkArchive(archive);
  if (!checked.ok) {
    throw new CannotCheck(`The archive ${checked.problem}.`);
  }

  return archive;
}
