import {type Autograder, nameCase} from '../../../domain/autograder.ts';
import {type Course, getAssignment} from '../../../domain/course.ts';
import type {Find} from '../../../domain/ports.ts';

/** What staff are told of an assignment's autograder. */
export type AutograderView = {
  section: string;
  assignment: string;
  /** Path of the archive in the course's source. */
  archive: string;
  /** Null until the archive was inspected, and for one that cannot grade. */
  questions: QuestionView[] | null;
  /** What the judge cannot grade, so that plain otter grades the whole archive, which a notebook can deceive. */
  unsupported: string[];
};

/**
 * `forgeable`: hidden cases, by otter's names, that a notebook could pass by claiming so; null where they were not
 * listed, because plain otter grades or an older Holt inspected.
 */
type QuestionView = {name: string; possible: number; forgeable: string[] | null};

/** Makes the list of a course's autograders, section by section, as their inspections found them. */
export function makeListAutograders({find}: {find: Find}) {
  return async (record: Course): Promise<AutograderView[]> => {
    const inspections = new Map<string, Promise<Autograder | undefined>>();
    const findInspection = (sha256: string) => {
      const found = inspections.get(sha256) ?? find('autograders', sha256);
      inspections.set(sha256, found);
      return found;
    };
    const {course, config, archives} = record;
    const keys = Object.entries(config.sections).flatMap(([section, {assignments}]) =>
      Object.keys(assignments).map(assignment => ({course, section, assignment})),
    );
    return Promise.all(
      keys.map(async key => {
        const path = getAssignment(record, key).archivePath;
        const archive = Object.hasOwn(archives, path) ? archives[path] : undefined;
        const inspection = archive && 'sha256' in archive ? await findInspection(archive.sha256) : undefined;
        return {section: key.section, assignment: key.assignment, archive: path, ...tellInspection(inspection)};
      }),
    );
  };
}

function tellInspection(inspection: Autograder | undefined): Pick<AutograderView, 'questions' | 'unsupported'> {
  if (!inspection || inspection.problem !== null) {
    return {questions: null, unsupported: []};
  }

  const questions = inspection.questions.map(({name, possible, forgeable}) => ({
    name,
    possible,
    forgeable: forgeable?.map(number => nameCase(name, number)) ?? null,
  }));
  return {questions, unsupported: inspection.unsupported ?? []};
}
