import type {Graded} from '../activities/submit.ts';
import {json, type Reply} from '../http.ts';
import type {ActivityDialect, Place} from './activity-dialect.ts';

const detail = (sentence: string, status = 400, headers: Record<string, string> = {}): Reply =>
  json({detail: sentence}, status, headers);

/** FastAPI's list of what is wrong with a request. */
const invalid = (...issues: {loc: string[]; msg: string; type: string}[]): Reply => json({detail: issues}, 422);

const again = {'Retry-After': '5'};
/** otter has five decimals. */
const round = (points: number): number => Math.round(points * 1e5) / 1e5;
const nameOf = ({course, activity}: Place): string => `Activity ${course}/${activity}`;

/** Questions are numbered from 1, in the archive's order: the plugin keeps them by these numbers. */
const number = <T, R>(rows: readonly T[], tell: (row: T) => R): Record<string, R> =>
  Object.fromEntries(rows.map((row, index) => [index + 1, tell(row)]));

/** A name that a folder takes, and that stands between quotation marks in the students' notebook. */
const isPlainName = (name: string): boolean => /^[^"\\/]+$/.test(name) && Buffer.byteLength(name) <= 200;

/**
 * Moodle's mod_jupyter: what jupyterhub-gradeservice answers, for activities by two integers.
 *
 * The plugin shows a refusal's text to teachers, and knows 408 as a grading that takes too long. Server traces, which
 * the reference put into its refusals, are in the log only.
 * Source: mod_jupyter, `gradeservice_handler`; jupyterhub-gradeservice, its three routes on FastAPI 0.97.
 */
export const modJupyter: ActivityDialect = {
  name: 'mod-jupyter',
  field: 'file',
  routes: [
    {method: 'POST', forStudent: false, verb: 'create'},
    {method: 'POST', forStudent: true, verb: 'submit'},
    {method: 'DELETE', forStudent: false, verb: 'delete'},
  ],
  // The plugin sends the token bare; the reference's own documents say Bearer.
  findToken: authorization => authorization.trim().replace(/^bearer\s+/i, ''),

  decode(course, activity, student) {
    const [first, second] = [readInteger(course), readInteger(activity)];
    const wrong = [
      ...(first === undefined ? [issueOf('course_id')] : []),
      ...(second === undefined ? [issueOf('activity_id')] : []),
    ];
    return first === undefined || second === undefined
      ? {refused: invalid(...wrong)}
      : {course: first, activity: second, ...(student !== undefined && {student})};
  },

  checkFile({name}, verb) {
    if (verb === 'create' && !name.endsWith('.ipynb')) {
      return `The file ${name} is not a .ipynb file.`;
    }

    return verb === 'create' && !isPlainName(name)
      ? 'Failed to create assignment: Give the file a short name, without quotation marks and backslashes.'
      : undefined;
  },

  encodeCreated(created, place) {
    switch (created.kind) {
      case 'created': {
        const {fileName, student, questions} = created;
        const total = round(questions.reduce((sum, {possible}) => sum + possible, 0));
        const points = number(questions, ({possible}) => round(possible));
        return json({[fileName]: Buffer.from(student).toString('base64'), total, points}, 201);
      }

      case 'exists':
        return detail(`${nameOf(place)} already exists.`);
      case 'timeout':
        return detail('Making the assignment takes too long: try again in a few minutes.', 503, again);
      case 'failed':
        return created.isOurFault
          ? detail(created.message, 503, again)
          : detail(`Failed to create assignment: ${created.message}`);
    }
  },

  encodeGraded(graded: Graded, place) {
    switch (graded.kind) {
      case 'graded':
        return json({
          total: round(graded.earned),
          points: number(graded.questions, ({earned}) => round(earned)),
          output: number(graded.questions, ({output}) => output),
        });
      case 'unknown':
        return detail(`${nameOf(place)} doesn't exist.`);
      case 'timeout':
        return detail('Notebook grading timed out.', 408);
      case 'failed':
        return graded.isOurFault
          ? detail(graded.message, 503, again)
          : detail(`Failed to grade assignment: ${graded.message}`);
    }
  },

  encodeDeleted: deleted =>
    deleted === 'deleted' ? {status: 204} : detail('The assignment you tried to delete does not exist.'),

  refusals: {
    noToken: () => detail('No authorization header', 401),
    badToken: () => json({message: 'Invalid token.'}, 401),
    forbidden: why => detail(why, 403),
    noMethod: allowed => detail('Method Not Allowed', 405, {Allow: allowed.join(', ')}),
    noPath: () => detail('Not Found', 404),
    noFile: why =>
      invalid(
        why === 'missing'
          ? {loc: ['body', 'file'], msg: 'field required', type: 'value_error.missing'}
          : {loc: ['body', 'file'], msg: "Expected UploadFile, received: <class 'str'>", type: 'value_error'},
      ),
    badFile: why => detail(why),
    badNotebook: (why, verb) => detail(`Failed to ${verb === 'create' ? 'create' : 'grade'} assignment: ${why}`),
    // A body that came too slowly is no grading that takes too long, which the plugin reads out of 408.
    error: ({message, status, retryable}) => detail(message, status === 408 ? 400 : status, retryable ? again : {}),
  },
};

const issueOf = (name: string) => ({
  loc: ['path', name],
  msg: 'value is not a valid integer',
  type: 'type_error.integer',
});

/** An integer in its one form: Moodle counts, and whoever writes 007 means 7. */
function readInteger(text: string): string | undefined {
  return /^[+-]?\d{1,18}$/.test(text) ? String(BigInt(text.replace(/^\+/, ''))) : undefined;
}
