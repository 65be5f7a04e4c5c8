import path from 'node:path';
import {parseArgs} from 'node:util';
import {askPolicies, checkFolders, type Finding} from './check.ts';
import {tryMutations} from './mutate.ts';
import {readMutations} from './mutations/mutation.ts';
import type {ProviderSource} from './provider.ts';
import {openSession, planRoots, readSubjects, WHOLE} from './session.ts';

/*
 * npm run check-terraform -- [--provider registry|stand-in] [--mutations] [--only TEXT]
 *
 * Checks every root and module; with --mutations also that each known mistake would be noticed, or with --only those
 * that have the text in their name, file or check.
 */

const {values} = parseArgs({
  options: {provider: {type: 'string'}, mutations: {type: 'boolean'}, only: {type: 'string', default: ''}},
});
const isSource = (text: string | undefined): text is ProviderSource | undefined =>
  text === undefined || text === 'registry' || text === 'stand-in';
if (!isSource(values.provider)) {
  console.error(`--provider is ${values.provider}: it must be registry or stand-in.`);
  process.exit(2);
}

const root = path.resolve(import.meta.dirname, '../..');
const session = await openSession(
  {root, cache: path.join(root, '.holt/terraform'), environment: process.env},
  values.provider,
);
let failed = 0;
const report = ({what, faults}: Finding) => {
  failed += faults.length > 0 ? 1 : 0;
  console.log(`${faults.length > 0 ? '✘' : '✔'} ${what}`);
  for (const fault of faults) {
    console.log(fault.replaceAll(/^/gm, '    '));
  }
};

try {
  console.log(
    session.source === 'registry'
      ? 'The provider comes from the Terraform registry.'
      : 'The Terraform registry was not used: a stand-in for hashicorp/google serves its schema.',
  );
  await checkFolders(session, report);
  const {plans, faults} = await planRoots(session);
  report({what: 'every root can be planned', faults});
  const subjects = await readSubjects(session, plans);
  askPolicies(subjects).map(report);
  const sound = subjects.get(WHOLE);
  const wanted = values.mutations || values.only ? readMutations() : [];
  const chosen = wanted.filter(({mistake, file, red}) => `${mistake} ${file} ${red}`.includes(values.only));
  if (sound) {
    await tryMutations(session, sound, chosen, ({mutation, isNoticed, words}) =>
      report({what: `${mutation.red} notices: ${mutation.mistake}`, faults: isNoticed ? [] : [words]}),
    );
  }
} finally {
  session.close();
}

console.log(failed === 0 ? 'Terraform is as it should be.' : `${failed} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;
