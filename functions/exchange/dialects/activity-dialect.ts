import type {TokenUse} from '../../../domain/client-token.ts';
import type {HoltError} from '../../../domain/errors.ts';
import type {Client} from '../../../domain/submission.ts';
import type {Created} from '../activities/create.ts';
import type {Graded} from '../activities/submit.ts';
import type {Reply} from '../http.ts';
import type {FormFile} from '../read-form.ts';

/** What an address names, checked and in one form. */
export type Place = {course: string; activity: string; student?: string};

/** One row: a method at an address of two names, or of three with a student. */
export type ActivityRoute = {method: 'POST' | 'DELETE'; forStudent: boolean; verb: TokenUse['verb']};

/** A client whose requests are about a course's activities, and whose answers wait for what becomes of them. */
export type ActivityDialect = {
  name: Client;
  routes: readonly ActivityRoute[];
  /** The form's field that holds the notebook. */
  field: string;
  /** Takes the token out of an Authorization header. */
  findToken: (authorization: string) => string;
  /** Reads an address; a reply says what is wrong with it. */
  decode: (course: string, activity: string, student?: string) => Place | {refused: Reply};
  /** Says what is wrong with a file before anything is done with it. */
  checkFile: (file: FormFile, verb: ActivityRoute['verb']) => string | undefined;
  encodeCreated: (created: Created, place: Place) => Reply;
  encodeGraded: (graded: Graded, place: Place) => Reply;
  encodeDeleted: (deleted: 'deleted' | 'unknown') => Reply;
  refusals: {
    noToken: () => Reply;
    badToken: () => Reply;
    forbidden: (why: string) => Reply;
    noMethod: (allowed: readonly string[]) => Reply;
    noPath: () => Reply;
    noFile: (why: 'missing' | 'not-a-file') => Reply;
    badFile: (why: string) => Reply;
    /** The notebook is none. */
    badNotebook: (why: string, verb: ActivityRoute['verb']) => Reply;
    error: (error: HoltError) => Reply;
  };
};
