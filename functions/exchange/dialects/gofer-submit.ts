import {goferAssignmentOf, parseNotebook} from '../../../domain/notebook.ts';
import {plain, problem} from '../http.ts';
import type {Dialect} from './dialect.ts';
import {readNotebook} from './read-notebook.ts';

/** The reference's own sentences. */
const success = "User submission has been received. Grade will be posted to the gradebook once it's finished running!";
const postOnly = "This is a post only page. You probably shouldn't be here!";

/**
 * gofer_submit, the button of the classic notebook: `POST {prefix}` with `{"nb": notebook}`.
 *
 * The extension shows the answer's text in an alert, whatever the status: every answer is one plain sentence, where the
 * reference had an HTML page for each error.
 * Source: gofer_submit, `fetch('/services/gofer_nb/')`; gofer_service, `GoferHandler`.
 */
export const goferSubmit: Dialect = {
  name: 'gofer-submit',
  routes: [
    {method: 'GET', path: '', verb: 'greet', encode: () => plain(postOnly)},
    {
      method: 'POST',
      path: '',
      verb: 'submit',
      decode(_request, body) {
        const notebook = parseNotebook(readNotebook(body, 'send {"nb": <notebook>} as gofer’s Submit button does'));
        return {key: goferAssignmentOf(notebook), content: Buffer.from(JSON.stringify(notebook))};
      },
      encode: ({submissionId}, prefix) =>
        plain(success, 200, {Location: `${prefix}submissions/${submissionId}`, 'Holt-Submission': submissionId}),
    },
  ],
  encodeProblem(error, trace) {
    const {status, headers} = problem(error, trace);
    return plain(error.message, status, headers);
  },
};
