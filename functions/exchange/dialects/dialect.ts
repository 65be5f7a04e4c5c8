import type {AssignmentKey} from '../../../domain/assignment.ts';
import type {HoltError} from '../../../domain/errors.ts';
import type {Client} from '../../../domain/submission.ts';
import type {Reply, Request} from '../http.ts';
import type {Receipt} from '../submit.ts';

/** What a client wants, in our words. Who asks is not the dialect's business. */
export type Submit = {key: AssignmentKey; content: Uint8Array};

/** One row of a dialect's table. `path` follows the client's prefix. */
export type Route =
  | {method: 'GET'; path: string; verb: 'greet'; encode: (prefix: string) => Reply}
  | {
      method: 'POST';
      path: string;
      verb: 'submit';
      /** Throws `malformed-request`, `not-a-notebook` or `missing-metadata`. */
      decode: (request: Request, body: Uint8Array) => Submit;
      encode: (receipt: Receipt, prefix: string) => Reply;
    };

/** One client's way of speaking: a table of routes that turn its requests into verbs and outcomes into its answers. */
export type Dialect = {
  name: Client;
  routes: readonly Route[];
  /** Tells a failure in the client's form; a problem document when it has none. */
  encodeProblem?: (error: HoltError, trace: string) => Reply;
};
