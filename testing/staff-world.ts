import type {Identity} from '../domain/hub.ts';
import type {ManifestEntry} from '../domain/manifest.ts';
import type {JobResult} from '../domain/result.ts';
import type {Reply, Request} from '../functions/exchange/http.ts';
import {makeCheckSameOrigin} from '../functions/exchange/same-origin.ts';
import {makeStatusRoutes} from '../functions/exchange/status/routes.ts';
import {makeWaits} from '../functions/exchange/waits.ts';
import {sampleGradeResult, sampleQuestion} from './make.ts';
import {makeArchive} from './world/source.ts';
import {makeStageWorld} from './world/world.ts';

export const origin = 'https://hub.example';

export const identityOf = (name: string, given: Partial<Identity> = {}): Identity => ({
  name,
  groups: [],
  admin: false,
  proof: {kind: 'hub', verified: true, via: 'token'},
  ...given,
});

/** Staff of both courses that the tests have. */
export const prof = identityOf('prof', {groups: ['demo-staff', 'other-staff']});
export const root = identityOf('root');

type Order = {user?: Identity; body?: unknown; headers?: Record<string, string>; method?: string};
type Ports = Awaited<ReturnType<typeof makeStageWorld>>['ports'];

/** Makes the real stages, with the exchange's routes for staff over the same records. `root` is an admin. */
export async function makeStaffWorld(options: Parameters<typeof makeStageWorld>[0] = {}) {
  const world = await makeStageWorld(options);

  const makeOrder = (ports: Ports = world.ports) => {
    const asking = {user: prof};
    const answer = makeStatusRoutes({
      ...ports,
      admins: ['root'],
      waits: makeWaits(1),
      identify: async () => asking.user,
      startLogin: undefined,
      claim: undefined,
      checkSameOrigin: makeCheckSameOrigin([origin]),
    });
    /** Sends an order as a program does, or looks when there is nothing to send. */
    return async (address: string, {user = prof, body, headers = {}, method}: Order = {}): Promise<Reply> => {
      asking.user = user;
      const [path = '', query = ''] = address.split('?');
      const request: Request = {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        path: `/${path}`,
        query: new URLSearchParams(query),
        headers: {'content-type': 'application/json', ...headers},
        cookies: {},
        address: '127.0.0.1',
        trace: 'trace-1',
        readBody: async () => new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
        releaseBody() {},
        isGone: () => false,
      };
      const reply = await answer(request, path, '/');
      if (!reply) {
        throw new Error(`no route for ${address}`);
      }

      return reply;
    };
  };

  const order = makeOrder();
  const ask = async (address: string, given?: Order) => JSON.parse(String((await order(address, given)).body));

  /** Puts another archive into the source of the course, as staff do who have mended it. */
  const mend = async (text: string, course = 'demo') => {
    const source = world.sources.get(course)?.source;
    source?.files.set('zips/lab-autograder.zip', await makeArchive(text));
    Object.assign(source ?? {}, {revision: text});
    await world.stages.dispatch(world.eventOf({course}));
  };

  /** A container that gives so many points of 15, by submission and archive. */
  const gradeBy =
    (points: (submissionId: string, sha256: string) => number | undefined) =>
    (entry: ManifestEntry): JobResult => {
      const earned = entry.kind === 'grade' ? points(entry.submissionId, entry.autograder.sha256) : undefined;
      if (entry.kind !== 'grade' || earned === undefined) {
        return world.gradeEntry(entry);
      }

      const {run, submissionId, autograder} = entry;
      const questions = [
        sampleQuestion('q1', Math.min(earned, 5), 5),
        sampleQuestion('q2', Math.max(earned - 5, 0), 10),
      ];
      return sampleGradeResult({run, submissionId, autograderSha256: autograder.sha256, questions});
    };

  return {...world, makeOrder, order, ask, mend, gradeBy};
}

export type StaffWorld = Awaited<ReturnType<typeof makeStaffWorld>>;
