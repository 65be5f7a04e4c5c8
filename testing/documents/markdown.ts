import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '../..');

export type Block = {file: string; language: string; text: string};

const left = /(^|\/)(node_modules|dist|fixtures|\.[^/]+)(\/|$)/;

/** Lists the repository's documents, as paths from its root. */
export const listDocuments = (): string[] =>
  ['', 'docs', 'examples', 'bench', 'terraform'].flatMap(folder => {
    try {
      return readdirSync(path.join(root, folder), {recursive: folder !== '', encoding: 'utf8'})
        .map(file => path.posix.join(folder, file.replaceAll(path.sep, '/')))
        .filter(file => file.endsWith('.md') && !left.test(file));
    } catch {
      return [];
    }
  });

export const readDocument = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const fence = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

/** Reads the blocks of code of a document, without their indent. */
export const blocksOf = (file: string): Block[] =>
  [...readDocument(file).matchAll(fence)].map(([, indent = '', language = '', text = '']) => ({
    file,
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));

/** A document without its code. */
const proseOf = (file: string): string =>
  readDocument(file)
    .replaceAll(fence, '')
    .replaceAll(/`[^`\n]*`/g, code => code.replaceAll(/[[\]()]/g, ' '));

/** Finds a document's links that lead into the repository. */
export const linksOf = (file: string): string[] =>
  [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter(target => !/^[a-z]+:/.test(target));

/** Finds the names by which a document's headings can be linked to, as GitHub makes them. */
export const anchorsOf = (file: string): string[] =>
  [
    ...readDocument(file)
      .replaceAll(fence, '')
      .matchAll(/^#{1,6} (.+)$/gm),
  ].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Finds the commands in a document that begin in a certain way, one a line: in blocks and in the text. */
export function commandsOf(file: string, beginning: string): string[] {
  const text = readDocument(file).replaceAll(/ *\\\n\s*/g, ' ');
  const code = [...text.matchAll(fence)].flatMap(([, , , block = '']) => block.split('\n'));
  const inline = [...text.replaceAll(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, command = '']) => command);
  const indented = [...text.matchAll(/^ {4,}(.+)$/gm)].map(([, command = '']) => command);
  return [...code, ...inline, ...indented]
    .flatMap(line => {
      const within = [...line.matchAll(/\$\(([^()]*)\)/g)].map(([, command = '']) => command);
      return [line.replaceAll(/"?\$\([^()]*\)"?/g, 'X'), ...within];
    })
    .flatMap(line => line.split(/\s+(?:#|\|\|?|&&|>|\{)\s*|;/))
    .map(command => command.trim())
    .filter(command => command.startsWith(`${beginning} `))
    .map(command => command.replaceAll(/[)"']+$/g, ''));
}
