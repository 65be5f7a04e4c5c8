import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {readBlocks} from './blocks.ts';
import type {Mutation} from './mutations/mutation.ts';
import {isStep} from './mutations/mutation.ts';
import {planRoot} from './plan.ts';
import {policies} from './policies/all.ts';
import type {Subject} from './policies/policy.ts';
import {sourcePolicies} from './policies/sources.ts';
import {BOOTSTRAP, type Session, WHOLE, withoutPrefix} from './session.ts';
import {checkFolder, copyWorkspace, removeWorkspace, type Workspace} from './terraform.ts';

/** What became of a mistake: noticed by what should notice it, or why not. */
export type Verdict = {mutation: Mutation; isNoticed: boolean; words: string};

/**
 * Makes each mistake in a copy of its own kind, one at a time in each of two copies, and asks what must notice it.
 *
 * `sound` is the configuration without mistakes, planned: what a mistake does not touch is taken from it.
 */
export async function tryMutations(
  session: Session,
  sound: Subject,
  mutations: readonly Mutation[],
  report: (verdict: Verdict) => void = () => {},
): Promise<Verdict[]> {
  const waiting = [...mutations];
  const verdicts: Verdict[] = [];
  const work = async () => {
    const workspace = copyWorkspace(session.planned);
    try {
      for (let mutation = waiting.shift(); mutation; mutation = waiting.shift()) {
        const verdict = await tryMutation(session, workspace, sound, mutation);
        verdicts.push(verdict);
        report(verdict);
      }
    } finally {
      removeWorkspace(workspace);
    }
  };
  await Promise.all([work(), work()]);
  return verdicts;
}

async function tryMutation(
  session: Session,
  workspace: Workspace,
  sound: Subject,
  mutation: Mutation,
): Promise<Verdict> {
  const file = path.join(workspace.root, mutation.file);
  const text = readFileSync(file, 'utf8');
  if (text.split(mutation.search).length !== 2) {
    return {mutation, isNoticed: false, words: `${mutation.file} does not have the text once: ${mutation.search}`};
  }

  writeFileSync(
    file,
    text.replace(mutation.search, () => mutation.replace),
  );
  try {
    const {isNoticed, words} = isStep(mutation.red)
      ? await tryStep(workspace, mutation)
      : await tryPolicy(session, workspace, sound, mutation);
    return {mutation, isNoticed, words: words || `${mutation.red} did not notice it`};
  } finally {
    writeFileSync(file, text);
  }
}

type Look = Pick<Verdict, 'isNoticed' | 'words'>;

/** Lets Terraform look, which must end at the step that is meant. */
async function tryStep(workspace: Workspace, {file, red}: Mutation): Promise<Look> {
  if (red === 'plan') {
    const outcome = await planRoot(workspace, file.startsWith(BOOTSTRAP) ? BOOTSTRAP : WHOLE, 'unknown');
    return 'faults' in outcome ? {isNoticed: true, words: outcome.faults} : {isNoticed: false, words: ''};
  }

  const {step, faults} = await checkFolder(workspace, path.posix.dirname(file));
  return step === red && faults !== ''
    ? {isNoticed: true, words: faults}
    : {isNoticed: false, words: `${red} did not notice it; ${step} said: ${faults}`};
}

async function tryPolicy(session: Session, workspace: Workspace, sound: Subject, {file, red}: Mutation): Promise<Look> {
  const policy = policies.find(({name}) => name === red);
  if (!policy) {
    return {isNoticed: false, words: `There is no policy ${red}.`};
  }

  const subject: Subject = {...sound, root: workspace.root, blocks: await mendBlocks(session, workspace, sound, file)};
  if (!sourcePolicies.includes(policy)) {
    const folder = file.startsWith(BOOTSTRAP) ? BOOTSTRAP : WHOLE;
    const outcome = await planRoot(workspace, folder, 'known');
    if ('faults' in outcome) {
      return {isNoticed: false, words: `It could not be planned: ${outcome.faults}`};
    }

    if (folder === BOOTSTRAP) {
      subject.bootstrap = outcome.plan;
    } else {
      subject.asPlanned = outcome.plan;
      subject.environment = withoutPrefix(outcome.plan);
    }
  }

  try {
    const faults = policy.find(subject);
    return {isNoticed: faults.length > 0, words: faults.join('\n')};
  } catch (error) {
    return {isNoticed: false, words: `${red} could not be asked: ${error}`};
  }
}

/** Reads the mistaken file again; the others are as they were. */
async function mendBlocks({places}: Session, {root}: Workspace, {blocks}: Subject, file: string) {
  return file.endsWith('.tf')
    ? [...blocks.filter(block => block.file !== file), ...(await readBlocks(root, [file], places))]
    : blocks;
}
