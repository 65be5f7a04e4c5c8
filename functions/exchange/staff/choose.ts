import {workKeyOf} from '../../../domain/assignment.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Find, List, Now, Transact} from '../../../domain/ports.ts';
import {makeRegradeEntry, makeTargetId, type Regrade, type RegradeTarget} from '../../../domain/regrade.ts';
import {isNewer, type Submission} from '../../../domain/submission.ts';
import type {RecordId} from '../../../domain/values.ts';

export type ChooseNeeds = {find: Find; list: List; transact: Transact; now: Now};

type Wanted = Pick<Regrade, 'course' | 'section' | 'assignment' | 'which' | 'submissionIds' | 'createdAt'>;

const pageSize = 200;
/** Two records for each, and as many reads. */
const targetsAtOnce = 50;
const gradesAtOnce = 50;

/** Makes the choice of submissions for a regrade, and their queue entries. */
export function makeChoose({find, list, transact, now}: ChooseNeeds) {
  /**
   * Finds what is chosen, as of the regrade's beginning: what comes later is graded in its own right.
   *
   * Throws: `not-found` for a submission that is none of the assignment's, and when there is none at all.
   */
  const choose = async (wanted: Wanted): Promise<Submission[]> => {
    const chosen = wanted.which === 'listed' ? await findListed(wanted) : await findMany(wanted);
    if (chosen.length === 0) {
      throw new HoltError(
        'not-found',
        `Nobody has submitted "${wanted.assignment}" of section "${wanted.section}": correct the names.`,
      );
    }

    return chosen;
  };

  const findListed = ({course, section, assignment, submissionIds}: Wanted): Promise<Submission[]> =>
    Promise.all(
      submissionIds.map(async id => {
        const found = await find('submissions', id);
        const isOwn = found?.course === course && found.section === section && found.assignment === assignment;
        if (!found || !isOwn || !isOfCourse(found)) {
          throw new HoltError('not-found', `The submission ${id} is none of "${assignment}" in section "${section}".`);
        }

        return found;
      }),
    );

  async function findMany({course, section, assignment, which, createdAt}: Wanted): Promise<Submission[]> {
    const all: Submission[] = [];
    let after: readonly [string, string] | undefined;
    do {
      const page: Submission[] = await list({
        collection: 'submissions',
        where: [
          ['course', '==', course],
          ['section', '==', section],
          ['assignment', '==', assignment],
          ['receivedAt', '<=', createdAt],
        ],
        orderBy: ['receivedAt', 'asc'],
        after,
        limit: pageSize,
      });
      all.push(...page.filter(isOfCourse));
      const last = page.at(-1);
      after = last && page.length === pageSize ? [last.receivedAt, last.id] : undefined;
    } while (after);

    return which === 'all' ? all : pickOneOfEach(all, which);
  }

  async function pickOneOfEach(all: readonly Submission[], which: Regrade['which']): Promise<Submission[]> {
    const works = [...Map.groupBy(all, ({workId}) => workId)];
    const picked: Submission[] = [];
    for (let at = 0; at < works.length; at += gradesAtOnce) {
      const some = works.slice(at, at + gradesAtOnce).map(async ([workId, own]) => {
        const grade = which === 'counting' ? await find('grades', workId) : undefined;
        const newest = own.reduce((a, b) => (isNewer(named(b), named(a)) ? b : a));
        return own.find(({id}) => id === grade?.submissionId) ?? newest;
      });
      picked.push(...(await Promise.all(some)));
    }

    return picked;
  }

  /** Writes targets and queue entries; those that are there already stay as they are, however far they got. */
  const enqueue = async (regrade: Regrade, chosen: readonly Submission[]): Promise<void> => {
    const targets = await Promise.all(chosen.map(submission => makeTarget(regrade, submission)));
    for (let at = 0; at < targets.length; at += targetsAtOnce) {
      const some = targets.slice(at, at + targetsAtOnce);
      await transact(async transaction => {
        const known = await Promise.all(some.map(({id}) => transaction.find('regradeTargets', id)));
        const queuedAt = now();
        for (const target of some.filter((_, index) => !known[index])) {
          transaction.create('regradeTargets', {...target, createdAt: queuedAt});
          transaction.create('queue', makeRegradeEntry(target, queuedAt));
        }
      });
    }
  };

  return {choose, enqueue};
}

/** Of one student one submission is chosen, or each: chosen again after a crash, it is the same one. */
async function makeTarget({id, which}: Regrade, submission: Submission): Promise<Omit<RegradeTarget, 'createdAt'>> {
  const {id: submissionId, workId} = submission;
  const key: RecordId = which === 'all' || which === 'listed' ? submissionId : workId;
  return {...workKeyOf(submission), id: await makeTargetId(id, key), regradeId: id, submissionId, workId};
}

/** The grade of an activity's submission is kept by its own client, which nothing is sent to. */
const isOfCourse = ({autograderSha256}: Submission): boolean => autograderSha256 === undefined;

const named = ({id, receivedAt}: Submission) => ({submissionId: id, receivedAt});
