#!/usr/bin/env node
import {createWriteStream} from 'node:fs';
import {rename, rm} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import {Command, Option} from 'commander';
import {type Address, withAddress} from './address.ts';
import {readFolder} from './check-settings.ts';
import {openGrades} from './exchange-client.ts';

type Options = Address & {format?: 'gofer'; output?: string};

/** `npm run dump-grades -- COURSE`: the grades of a course as CSV, as its staff get them from Holt. */
const program = withAddress(new Command('dump-grades'))
  .description('Write the grades of a course as CSV. You must be staff of the course.')
  .argument('<course>', 'the course’s name in HOLT_COURSES')
  .addOption(new Option('--format <format>', 'other columns: those of gofer’s export').choices(['gofer']))
  .option('-o, --output <file>', 'the file to write; without it, standard output')
  .showHelpAfterError('(add --help for the options)')
  .action(async (course: string, {format, output, ...address}: Options) => {
    const grades = await openGrades(address, course, format);
    await (output === undefined
      ? pipeline(grades, process.stdout, {end: false})
      : write(grades, path.resolve(readFolder(), output)));
  });

/** Writes the whole file or none: half of a gradebook looks like a gradebook. */
async function write(grades: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const half = `${file}.part`;
  try {
    await pipeline(grades, createWriteStream(half, {mode: 0o600}));
    await rename(half, file);
  } catch (error) {
    await rm(half, {force: true});
    throw error;
  }
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`dump-grades: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
