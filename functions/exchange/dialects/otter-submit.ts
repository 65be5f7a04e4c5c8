import {assignmentOf, parseNotebook} from '../../../domain/notebook.ts';
import {text} from '../http.ts';
import type {Dialect} from './dialect.ts';
import {readNotebook} from './read-notebook.ts';

/** The sentence that scripts look for in the reference's answer. */
const success = 'Your submission is being graded and will be posted to the gradebook once it is finished running!';
const postOnly = "This is a post only page. You probably shouldn't be here!";

/**
 * otter-submit 0.1.16 and 0.1.17: `POST {prefix}` with `{"nb": notebook}`.
 *
 * The extension ignores the answer, so the answer is for people and scripts: the reference's sentence, with `Location`
 * and `Holt-Submission`. What the reference answered with an empty 200 or an HTML 500 is a problem document here.
 * Source: otter-submit, `fetch('/services/otter_grade/')`; otter-service, `OtterHandler`.
 */
export const otterSubmit: Dialect = {
  name: 'otter-submit',
  routes: [
    {
      method: 'GET',
      path: '',
      verb: 'greet',
      encode: prefix =>
        text(
          `<!doctype html><html lang="en"><title>Holt</title><p>${postOnly}</p><p><a href="${prefix}submissions">See your submissions</a></p></html>`,
        ),
    },
    {
      method: 'POST',
      path: '',
      verb: 'submit',
      decode(_request, body) {
        const notebook = parseNotebook(
          readNotebook(body, 'send {"nb": <notebook>} as JupyterLab’s Submit button does'),
        );
        return {key: assignmentOf(notebook), content: Buffer.from(JSON.stringify(notebook))};
      },
      encode: ({submissionId}, prefix) =>
        text(success, 200, {Location: `${prefix}submissions/${submissionId}`, 'Holt-Submission': submissionId}),
    },
  ],
};
