import {type ClientToken, findForbidden, type TokenUse} from '../../../domain/client-token.ts';
import {HoltError} from '../../../domain/errors.ts';
import {parseNotebook} from '../../../domain/notebook.ts';
import type {Log} from '../../../domain/ports.ts';
import {OutsideName} from '../../../domain/values.ts';
import type {ActivityDialect, ActivityRoute, Place} from '../dialects/activity-dialect.ts';
import type {Reply, Request} from '../http.ts';
import {type FormFile, readForm} from '../read-form.ts';
import {readJson} from '../read-json.ts';
import type {Created, Creation} from './create.ts';
import type {Deletion} from './delete.ts';
import type {Answered, Graded} from './submit.ts';

export type ActivityNeeds = {
  dialect: ActivityDialect;
  prefix: string;
  checkToken: (token: string) => Promise<ClientToken | undefined>;
  areScopesRequired: boolean;
  create: (creation: Creation) => Promise<Created>;
  submit: (answered: Answered) => Promise<Graded>;
  remove: (deletion: Deletion) => Promise<'deleted' | 'unknown'>;
  log: Log;
};

type Address = {names: readonly [course: string, activity: string]; student: string | undefined};
type Visit = {request: Request; place: Place; token: ClientToken};

/**
 * Makes the answers to a client that speaks of activities: who asks, then where, then what. Undefined for what is none of
 * its addresses.
 */
export function makeAnswerActivities(needs: ActivityNeeds) {
  const {dialect, prefix, checkToken, areScopesRequired, log} = needs;
  const {refusals} = dialect;

  return async (request: Request): Promise<Reply | undefined> => {
    if (!request.path.startsWith(prefix)) {
      return undefined;
    }

    const address = readAddress(request.path.slice(prefix.length));
    if (prefix === '/' && !(address && isOwn(address, request))) {
      return undefined;
    }

    try {
      return await answer(request, address);
    } catch (error) {
      if (!(error instanceof HoltError)) {
        throw error;
      }

      const {code, status, message, cause} = error;
      const why = cause === undefined ? undefined : String(cause);
      log(status < 500 ? 'INFO' : 'ERROR', 'a client was refused', {code, trace: request.trace, words: message, why});
      return refusals.error(error);
    }
  };

  async function answer(request: Request, address: Address | undefined): Promise<Reply> {
    const {authorization} = request.headers;
    if (!authorization) {
      return refusals.noToken();
    }

    const token = await checkToken(dialect.findToken(authorization));
    if (!token) {
      return refusals.badToken();
    }

    const routes = dialect.routes.filter(({forStudent}) => forStudent === (address?.student !== undefined));
    if (!address) {
      return refusals.noPath();
    }

    const route = routes.find(({method}) => method === request.method);
    if (!route) {
      return refusals.noMethod(routes.map(({method}) => method));
    }

    const place = dialect.decode(...address.names, address.student);
    if ('refused' in place) {
      return place.refused;
    }

    const forbidden = findForbidden(token, useOf(route, place), {areRequired: areScopesRequired});
    return forbidden === undefined ? perform(route, {request, place, token}) : refusals.forbidden(forbidden);
  }

  async function perform({verb}: ActivityRoute, visit: Visit): Promise<Reply> {
    const {request, place, token} = visit;
    const {trace, isGone, releaseBody: onStored} = request;
    const {course, activity, student = ''} = place;
    if (verb === 'delete') {
      return dialect.encodeDeleted(await needs.remove({course, activity, who: token.name, trace}));
    }

    const file = await readForm(request.headers['content-type'], await request.readBody(), dialect.field);
    if (typeof file === 'string') {
      return refusals.noFile(file);
    }

    const problem = findProblem(file, verb);
    if (problem) {
      return problem;
    }

    if (verb === 'create') {
      const created = await needs.create({course, activity, file, who: token.name, trace, onStored, isGone});
      return dialect.encodeCreated(created, place);
    }

    const {content} = file;
    const graded = await needs.submit({
      ...{course, activity, student, content, token},
      ...{client: dialect.name, trace, onStored, isGone},
    });
    return dialect.encodeGraded(graded, place);
  }

  function findProblem(file: FormFile, verb: ActivityRoute['verb']): Reply | undefined {
    const problem = dialect.checkFile(file, verb);
    if (problem !== undefined) {
      return refusals.badFile(problem);
    }

    try {
      parseNotebook(readJson(file.content, 'send a notebook as JupyterLab saves it'));
      return verb === 'create' && !OutsideName.safeParse(file.name).success
        ? refusals.badNotebook('Give the file a short, plain name.', verb)
        : undefined;
    } catch (error) {
      if (error instanceof HoltError && error.status === 400) {
        return refusals.badNotebook(error.message, verb);
      }

      throw error;
    }
  }
}

const useOf = ({verb}: ActivityRoute, {student = ''}: Place): TokenUse =>
  verb === 'submit' ? {verb, student} : {verb};

/** Reads an address of two or three names; the third is a student, and as it was before it was put into a URL. */
function readAddress(path: string): Address | undefined {
  const [course, activity, third, ...rest] = path.split('/');
  if (!course || !activity || third === '' || rest.length > 0) {
    return undefined;
  }

  const student = third === undefined ? undefined : decode(third);
  return third !== undefined && student === undefined ? undefined : {names: [course, activity], student};
}

/** At the root others have addresses, too: an integer, or a method that changes something, is for us. */
const isOwn = ({names}: Address, {method}: Request): boolean =>
  names.some(name => /^[+-]?\d+$/.test(name)) || !['GET', 'HEAD', 'OPTIONS'].includes(method);

function decode(segment: string): string | undefined {
  try {
    return OutsideName.safeParse(decodeURIComponent(segment)).data;
  } catch {
    return undefined;
  }
}
